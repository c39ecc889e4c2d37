// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <deque>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"

namespace dfd {
namespace {

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

  void add(double logit) {
    logits_.push_back(logit);
    if (logits_.size() > static_cast<std::size_t>(length_)) logits_.pop_front();
    ++samples_;
  }
  std::optional<double> mean() const {
    if (logits_.empty()) return std::nullopt;
    return std::accumulate(logits_.begin(), logits_.end(), 0.0) /
           static_cast<double>(logits_.size());
  }
  // The sum of those that the next sample leaves in the window.
  double sum_before_next() const {
    const bool first_leaves = logits_.size() == static_cast<std::size_t>(length_);
    return std::accumulate(logits_.begin() + (first_leaves ? 1 : 0), logits_.end(), 0.0);
  }
  int length() const { return length_; }

 private:
  int length_;
  int stride_;
  std::int64_t samples_ = 0;  // Since the last restart.
  std::deque<double> logits_;
};

struct MeanMemory : WindowMemory {
  MeanMemory(double sum_, int length_) : sum(sum_), length(length_) {}
  double sum;
  int length;
};

class MeanWindows : public Head {
 public:
  // The products are so small that they stay in float, whatever the backbone's type.
  MeanWindows(TensorSource& source, std::int64_t embedding, const at::Device& device)
      : weight_(source.take("classifier.weight", {1, embedding}).to(device)),
        bias_(source.take("classifier.bias", {1}).to(device)) {}

  std::int64_t embedding_size() const override { return weight_.size(1); }

  std::unique_ptr<Window> make_window(int length, int stride) const override {
    DFD_REQUIRE(length >= 1 && stride >= 1, ErrorCode::kInvalidArgument,
                "a window of " << length << " samples, every " << stride
                               << ": at least 1 of both expected");
    return std::make_unique<MeanWindow>(shared_from_this(), length, stride);
  }

  std::vector<std::optional<double>> advance(const std::vector<Window*>& windows,
                                             const at::Tensor& embeddings) const override {
    DFD_CHECK(static_cast<std::int64_t>(windows.size()) == embeddings.size(0));
    std::vector<std::optional<double>> logits(windows.size());
    if (windows.empty()) return logits;
    const at::Tensor rows = samples(embeddings).to(at::kCPU, at::kDouble).contiguous();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      auto& window = dynamic_cast<MeanWindow&>(*windows[i]);
      const bool fills = window.next_fills();
      window.add(rows.data_ptr<double>()[i]);
      if (fills) logits[i] = window.mean();
    }
    return logits;
  }

  std::optional<double> partial(const Window& window) const override {
    return dynamic_cast<const MeanWindow&>(window).mean();
  }

  at::Tensor score_windows(const at::Tensor& embeddings) const override {
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
    return (samples(embedding) + memory.sum) / memory.length;
  }

 private:
  // float [N, D] -> float [N]
  at::Tensor samples(const at::Tensor& embeddings) const {
    return at::matmul(embeddings, weight_[0]) + bias_;
  }

  at::Tensor weight_, bias_;
};

std::int64_t embedding_size_of(const HeadInfo& info, const std::string& where) {
  // The upper limit keeps a hostile header from asking for terabytes.
  return MetadataReader(where, info.settings, "head.").integer("embedding_size", 1, 4096);
}

}  // namespace

HeadInfo mean_info(std::int64_t embedding_size) {
  return {kMean, {{"embedding_size", std::to_string(embedding_size)}}};
}

HeadKind mean_kind() {
  HeadKind kind;
  kind.check = [](const HeadInfo& info, const std::string& where) {
    embedding_size_of(info, where);
  };
  kind.make = [](TensorSource& source, const HeadInfo& info, const at::Device& device,
                 at::ScalarType /*type*/) {
    return std::make_shared<MeanWindows>(source, embedding_size_of(info, source.path()), device);
  };
  return kind;
}

}  // namespace dfd
