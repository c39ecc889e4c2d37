// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"

namespace dfd {
namespace {

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
      : Window(std::move(head)), length_(length), stride_(stride) {}

  bool next_fills() const override {
    return samples_ + 1 >= length_ && (samples_ + 1 - length_) % stride_ == 0;
  }
  void restart() override {
    logits_.clear();
    samples_ = 0;
  }

  void add(const Logits& logits) {
    logits_.push_back(logits);
    if (logits_.size() > static_cast<std::size_t>(length_)) logits_.pop_front();
    ++samples_;
  }
  std::optional<Logits> mean() const {
    if (logits_.empty()) return std::nullopt;
    const Logits sum = sum_of(logits_.begin(), logits_.end());
    const auto count = static_cast<double>(logits_.size());
    return Logits{sum[0] / count, sum[1] / count};
  }
  // The sum of those that the next sample leaves in the window.
  Logits sum_before_next() const {
    const bool first_leaves = logits_.size() == static_cast<std::size_t>(length_);
    return sum_of(logits_.begin() + (first_leaves ? 1 : 0), logits_.end());
  }
  int length() const { return length_; }

 private:
  int length_;
  int stride_;
  std::int64_t samples_ = 0;  // Since the last restart.
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
  MeanWindows(TensorSource& source, std::int64_t embedding, std::int64_t rows,
              const at::Device& device)
      : weight_(source.take("classifier.weight", {rows, embedding}).to(device)),
        bias_(source.take("classifier.bias", {rows}).to(device)) {}

  std::int64_t embedding_size() const override { return weight_.size(1); }

  std::unique_ptr<Window> make_window(int length, int stride) const override {
    DFD_REQUIRE(length >= 1 && stride >= 1, ErrorCode::kInvalidArgument,
                "a window of " << length << " samples, every " << stride
                               << ": at least 1 of both expected");
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
    const auto [seam, generated] = *means;
    if (kinds() == 1) return WindowLogit{seam};
    // What is no number must not hide behind the other.
    const bool second = std::isnan(generated) || generated > seam;
    return WindowLogit{second ? generated : seam, *means};
  }

  at::Tensor weight_, bias_;
};

std::int64_t embedding_size_of(const HeadInfo& info, const std::string& where) {
  // The upper limit keeps a hostile header from asking for terabytes.
  return MetadataReader(where, info.settings, "head.").integer("embedding_size", 1, 4096);
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
  HeadInfo info{kMean, {{"embedding_size", std::to_string(embedding_size)}}};
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
    return std::make_shared<MeanWindows>(source, embedding_size_of(info, source.path()),
                                         rows_of(info, source.path()), device);
  };
  return kind;
}

}  // namespace dfd
