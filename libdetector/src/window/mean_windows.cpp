// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"
#include "window/window_count.h"

namespace dfd {
namespace {

constexpr const char* kEmbeddingSize = "embedding_size";  // Setting.

// One of each kind of evidence. A head of one row leaves the second alone.
using Logits = std::array<double, kEvidence.size()>;

Logits sum_of(std::deque<Logits>::const_iterator first, std::deque<Logits>::const_iterator last) {
  return std::accumulate(first, last, Logits{}, [](const Logits& a, const Logits& b) {
    return Logits{a[0] + b[0], a[1] + b[1]};
  });
}

// The logits of the last T samples.
class MeanWindow : public Window {
 public:
  MeanWindow(std::shared_ptr<const Head> head, int length, int stride)
      : Window(std::move(head)), count_(length, stride) {}

  bool next_fills() const override { return count_.next_fills(); }
  void restart() override {
    logits_.clear();
    count_.restart();
  }
  std::size_t bytes() const override { return logits_.size() * sizeof(Logits); }

  void add(const Logits& logits) {
    logits_.push_back(logits);
    if (logits_.size() > static_cast<std::size_t>(length())) logits_.pop_front();
    count_.add();
  }
  std::optional<Logits> mean() const {
    if (logits_.empty()) return std::nullopt;
    const Logits sum = sum_of(logits_.begin(), logits_.end());
    const auto count = static_cast<double>(logits_.size());
    return Logits{sum[0] / count, sum[1] / count};
  }
  // The sum of those that the next sample leaves in the window.
  Logits sum_before_next() const {
    const bool first_leaves = logits_.size() == static_cast<std::size_t>(length());
    return sum_of(logits_.begin() + (first_leaves ? 1 : 0), logits_.end());
  }
  int length() const { return count_.length(); }

 private:
  WindowCount count_;
  std::deque<Logits> logits_;
};

struct MeanMemory : WindowMemory {
  MeanMemory(const Logits& sum_, int length_) : sum(sum_), length(length_) {}
  Logits sum;
  int length;
};

class MeanWindows : public Head {
 public:
  // The products are so small that they stay in float, whatever the backbone's type.
  // weight: float [K, D]. bias: [K].
  MeanWindows(const at::Tensor& weight, const at::Tensor& bias, const at::Device& device)
      : weight_(weight.to(device)), bias_(bias.to(device)) {}

  std::int64_t embedding_size() const override { return weight_.size(1); }

  std::unique_ptr<Window> make_window(int length, int stride) const override {
    return std::make_unique<MeanWindow>(shared_from_this(), length, stride);
  }

  std::vector<std::optional<WindowLogit>> advance(const std::vector<Window*>& windows,
                                                  const at::Tensor& embeddings) const override {
    DFD_CHECK(static_cast<std::int64_t>(windows.size()) == embeddings.size(0));
    std::vector<std::optional<WindowLogit>> logits(windows.size());
    if (windows.empty()) return logits;
    const at::Tensor found = samples(embeddings).to(at::kCPU, at::kDouble).contiguous();
    const auto* sample = found.data_ptr<double>();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      auto& window = dynamic_cast<MeanWindow&>(*windows[i]);
      const bool fills = window.next_fills();
      Logits given{};
      std::copy_n(sample, kinds(), given.begin());
      sample += kinds();
      window.add(given);
      if (fills) logits[i] = as_window(window.mean());
    }
    return logits;
  }

  std::optional<WindowLogit> partial(const Window& window) const override {
    return as_window(dynamic_cast<const MeanWindow&>(window).mean());
  }

  at::Tensor score_kinds(const at::Tensor& embeddings) const override {
    DFD_CHECK(embeddings.dim() == 3);
    return samples(embeddings.mean(1));
  }

  std::unique_ptr<WindowMemory> before_full(const Window& window) const override {
    const auto& mean = dynamic_cast<const MeanWindow&>(window);
    if (!mean.next_fills()) return nullptr;
    return std::make_unique<MeanMemory>(mean.sum_before_next(), mean.length());
  }

  at::Tensor logit_of(const WindowMemory& before, const at::Tensor& embedding) const override {
    const auto& memory = dynamic_cast<const MeanMemory&>(before);
    const at::Tensor sum = at::tensor(memory.sum, at::kFloat).narrow(0, 0, kinds());
    return ((samples(embedding) + sum.to(embedding.device())) / memory.length).amax(1);
  }

 private:
  std::int64_t kinds() const { return weight_.size(0); }  // K

  // float [N, D] -> float [N, K]
  at::Tensor samples(const at::Tensor& embeddings) const {
    return at::matmul(embeddings, weight_.t()) + bias_;
  }

  std::optional<WindowLogit> as_window(const std::optional<Logits>& means) const {
    if (!means) return std::nullopt;
    return window_logit({means->data(), static_cast<std::size_t>(kinds())});
  }

  at::Tensor weight_, bias_;
};

std::int64_t embedding_size_of(const HeadInfo& info, const std::string& where) {
  // The upper limit keeps a hostile header from asking for terabytes.
  return MetadataReader(where, info.settings, "head.").integer(kEmbeddingSize, 1, 4096);
}

// "seam,generated": the rows.
std::string kinds_by_name() {
  return std::string(to_string(kEvidence[0])) + "," + to_string(kEvidence[1]);
}

std::int64_t rows_of(const HeadInfo& info, const std::string& where) {
  const auto found = info.settings.find(kHeadEvidence);
  if (found == info.settings.end()) return 1;
  DFD_REQUIRE(found->second == kinds_by_name(), ErrorCode::kCorruptModel,
              where << ": metadata \"head." << kHeadEvidence << "\": \"" << kinds_by_name()
                    << "\" expected, found \"" << found->second << "\"");
  return static_cast<std::int64_t>(kEvidence.size());
}

}  // namespace

HeadInfo mean_info(std::int64_t embedding_size, bool evidence) {
  HeadInfo info{kMean, {{kEmbeddingSize, std::to_string(embedding_size)}}};
  if (evidence) info.settings[kHeadEvidence] = kinds_by_name();
  return info;
}

HeadKind mean_kind() {
  HeadKind kind;
  kind.check = [](const HeadInfo& info, const std::string& where) {
    embedding_size_of(info, where);
    rows_of(info, where);
  };
  kind.make = [](TensorSource& source, const HeadInfo& info, const at::Device& device,
                 at::ScalarType /*type*/) {
    const std::int64_t embedding = embedding_size_of(info, source.path());
    const std::int64_t rows = rows_of(info, source.path());
    const at::Tensor weight = source.take("classifier.weight", {rows, embedding});
    return std::make_shared<MeanWindows>(weight, source.take("classifier.bias", {rows}), device);
  };
  return kind;
}

HeadInfo none_info(std::int64_t classes, int fake_index) {
  DFD_REQUIRE(classes == 1 || classes == 2, ErrorCode::kInvalidArgument,
              "a classifier of " << classes << " classes: 1 or 2 expected");
  DFD_REQUIRE(fake_index == 0 || fake_index == 1, ErrorCode::kInvalidArgument,
              "fake index " << fake_index << ": 0 or 1 expected");
  HeadInfo info{kNone, {{kEmbeddingSize, std::to_string(classes)}}};
  if (classes == 2) info.settings[kFakeIndex] = std::to_string(fake_index);
  return info;
}

at::Tensor none_weight(const HeadInfo& info, const std::string& where) {
  const MetadataReader reader(where, info.settings, "head.");
  if (reader.integer(kEmbeddingSize, 1, 2) == 1) return at::ones({1, 1});
  const bool second = reader.integer(kFakeIndex, 0, 1) == 1;
  return at::tensor({second ? -1.F : 1.F, second ? 1.F : -1.F}).unsqueeze(0);
}

HeadKind none_kind() {
  HeadKind kind;
  kind.check = [](const HeadInfo& info, const std::string& where) { none_weight(info, where); };
  kind.make = [](TensorSource& source, const HeadInfo& info, const at::Device& device,
                 at::ScalarType /*type*/) {
    return std::make_shared<MeanWindows>(none_weight(info, source.path()), at::zeros({1}), device);
  };
  return kind;
}

}  // namespace dfd
