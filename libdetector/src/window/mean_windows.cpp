// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"
#include "window/window_count.h"

namespace dfd {
namespace {

constexpr const char* kEmbeddingSize = "embedding_size";  // Setting.

// A trace more costs nothing; a hostile header must not ask for a million.
constexpr std::size_t kMostRows = 4;

// One of each row. Those that a head does not have stay 0.
using Logits = std::array<double, kMostRows>;

Logits sum_of(std::deque<Logits>::const_iterator first, std::deque<Logits>::const_iterator last) {
  return std::accumulate(first, last, Logits{}, [](Logits sum, const Logits& one) {
    for (std::size_t row = 0; row < kMostRows; ++row) sum.at(row) += one.at(row);
    return sum;
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
    Logits mean = sum_of(logits_.begin(), logits_.end());
    for (double& logit : mean) logit /= static_cast<double>(logits_.size());
    return mean;
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
  // weight: float [R, D]. bias: [R]. kinds: of the rows; empty: it is one that knows none.
  MeanWindows(const at::Tensor& weight, const at::Tensor& bias, std::vector<Evidence> kinds,
              const at::Device& device)
      : weight_(weight.to(device)), bias_(bias.to(device)), kinds_(std::move(kinds)) {}

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
      std::copy_n(sample, rows(), given.begin());
      sample += rows();
      window.add(given);
      if (fills) logits[i] = as_window(window.mean());
    }
    return logits;
  }

  std::optional<WindowLogit> partial(const Window& window) const override {
    return as_window(dynamic_cast<const MeanWindow&>(window).mean());
  }

  std::vector<Evidence> row_kinds() const override { return kinds_; }

  at::Tensor score_rows(const at::Tensor& embeddings) const override {
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
    const at::Tensor sum = at::tensor(memory.sum, at::kFloat).narrow(0, 0, rows());
    return ((samples(embedding) + sum.to(embedding.device())) / memory.length).amax(1);
  }

 private:
  std::int64_t rows() const { return weight_.size(0); }  // R

  // float [N, D] -> float [N, R]
  at::Tensor samples(const at::Tensor& embeddings) const {
    return at::matmul(embeddings, weight_.t()) + bias_;
  }

  std::optional<WindowLogit> as_window(const std::optional<Logits>& means) const {
    if (!means) return std::nullopt;
    return window_logit({means->data(), static_cast<std::size_t>(rows())}, kinds_);
  }

  at::Tensor weight_, bias_;
  std::vector<Evidence> kinds_;
};

std::int64_t embedding_size_of(const HeadInfo& info, const std::string& where) {
  // The upper limit keeps a hostile header from asking for terabytes.
  return MetadataReader(where, info.settings, "head.").integer(kEmbeddingSize, 1, 4096);
}

std::string join(const std::vector<Evidence>& kinds) {
  std::string text;
  for (const Evidence kind : kinds) text.append(text.empty() ? "" : ",").append(to_string(kind));
  return text;
}

// None of a head that knows none.
std::vector<Evidence> kinds_of(const HeadInfo& info, const std::string& where) {
  const auto found = info.settings.find(kHeadEvidence);
  if (found == info.settings.end()) return {};
  std::vector<Evidence> kinds;
  std::istringstream text(found->second);
  for (std::string name; std::getline(text, name, ',') && kinds.size() <= kMostRows;) {
    for (const Evidence kind : kEvidence) {
      if (name == to_string(kind)) kinds.push_back(kind);
    }
  }
  const std::set<Evidence> all(kinds.begin(), kinds.end());
  DFD_REQUIRE(
      join(kinds) == found->second && all.size() == kEvidence.size() && kinds.size() <= kMostRows,
      ErrorCode::kCorruptModel,
      where << ": metadata \"head." << kHeadEvidence << "\": at most " << kMostRows << " of \""
            << join({kEvidence.begin(), kEvidence.end()})
            << "\" expected, each at least once, found \"" << found->second << "\"");
  return kinds;
}

}  // namespace

HeadInfo mean_info(std::int64_t embedding_size, const std::vector<Evidence>& kinds) {
  HeadInfo info{kMean, {{kEmbeddingSize, std::to_string(embedding_size)}}};
  if (!kinds.empty()) info.settings[kHeadEvidence] = join(kinds);
  return info;
}

HeadKind mean_kind() {
  HeadKind kind;
  kind.check = [](const HeadInfo& info, const std::string& where) {
    embedding_size_of(info, where);
    kinds_of(info, where);
  };
  kind.make = [](TensorSource& source, const HeadInfo& info, const at::Device& device,
                 at::ScalarType /*type*/) {
    const std::int64_t embedding = embedding_size_of(info, source.path());
    std::vector<Evidence> kinds = kinds_of(info, source.path());
    const auto rows = static_cast<std::int64_t>(std::max<std::size_t>(1, kinds.size()));
    const at::Tensor weight = source.take("classifier.weight", {rows, embedding});
    return std::make_shared<MeanWindows>(weight, source.take("classifier.bias", {rows}),
                                         std::move(kinds), device);
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
    return std::make_shared<MeanWindows>(none_weight(info, source.path()), at::zeros({1}),
                                         std::vector<Evidence>{}, device);
  };
  return kind;
}

}  // namespace dfd
