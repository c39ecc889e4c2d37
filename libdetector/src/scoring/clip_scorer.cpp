// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scoring/clip_scorer.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "backbone/input.h"
#include "base/check.h"
#include "explain/grad_cam.h"
#include "window/window_count.h"

namespace dfd {
namespace {

// Clips in one forward. Their activations are large, and a clip alone keeps all cores busy.
constexpr std::size_t kMostClips = 4;

class ClipWindow : public Window {
 public:
  ClipWindow(std::shared_ptr<const Head> head, int length, int stride)
      : Window(std::move(head)), count_(length, stride) {}

  bool next_fills() const override { return count_.next_fills(); }
  void restart() override {
    crops_.clear();
    count_.restart();
  }
  std::size_t bytes() const override {
    return crops_.empty() ? 0 : crops_.size() * crops_[0].total() * crops_[0].elemSize();
  }

  void add(const cv::Mat& crop) {
    crops_.push_back(crop);
    if (crops_.size() > static_cast<std::size_t>(count_.length())) crops_.pop_front();
    count_.add();
  }
  std::vector<cv::Mat> crops() const { return {crops_.begin(), crops_.end()}; }

 private:
  WindowCount count_;
  std::deque<cv::Mat> crops_;
};

class ClipScorer : public Scorer {
 public:
  ClipScorer(Networks networks, const ModelConfig& config, const at::Device& device,
             at::ScalarType type)
      : input_(config.input),
        length_(config.window_length),
        device_(device),
        backbone_(std::move(networks.backbone)),
        head_(std::move(networks.head)) {
    backbone_->fold(device, type);
  }

  void warm_up() override {
    const c10::InferenceMode guard;
    logits_of(at::zeros({1, length_, 3, input_.size, input_.size}));
  }

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, input_); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    const c10::InferenceMode guard;
    std::vector<std::size_t> full;  // Indices.
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ClipWindow& window = window_of(samples[i]);
      if (window.next_fills()) full.push_back(i);
      window.add(samples[i].crop);
    }
    std::vector<SampleResult> results(samples.size());
    for (std::size_t first = 0; first < full.size();) {
      // A power of two: LibTorch keeps memory for every shape that it meets.
      std::size_t count = kMostClips;
      while (count > full.size() - first) count /= 2;
      std::vector<at::Tensor> clips;
      for (std::size_t i = first; i < first + count; ++i) {
        clips.push_back(clip_of(window_of(samples[full[i]])));
      }
      const std::vector<WindowLogit> logits = logits_of(at::cat(clips));
      for (std::size_t i = 0; i < count; ++i) {
        const Sample& sample = samples[full[first + i]];
        SampleResult& result = results[full[first + i]];
        result.logit = logits[i];
        if (sample.explain) result.map = explain_clip(clips[i], *sample.explain);
      }
      first += count;
    }
    return results;
  }

  bool explains() const override { return can_explain(*backbone_); }

  std::optional<WindowLogit> partial(const Window& window) override {
    const auto& clip = dynamic_cast<const ClipWindow&>(window);
    if (clip.bytes() == 0) return std::nullopt;
    const c10::InferenceMode guard;
    return logits_of(clip_of(clip)).at(0);
  }

 private:
  ClipWindow& window_of(const Sample& sample) const {
    if (!*sample.window) {
      *sample.window = std::make_unique<ClipWindow>(head_, length_, sample.window_stride);
    }
    return dynamic_cast<ClipWindow&>(**sample.window);
  }

  at::Tensor clip_of(const ClipWindow& window) const {
    return to_clip(window.crops(), length_, input_);
  }

  // float [N, T, 3, S, S], on the host.
  std::vector<WindowLogit> logits_of(const at::Tensor& clips) const {
    const at::Tensor embeddings = backbone_->embed(clips.to(device_));
    const at::Tensor rows =
        head_->score_rows(embeddings.unsqueeze(1)).to(at::kCPU, at::kDouble).contiguous();
    const std::vector<Evidence> kinds = head_->row_kinds();
    std::vector<WindowLogit> logits;
    const auto count = static_cast<std::size_t>(rows.size(1));
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      logits.push_back(window_logit({rows[i].data_ptr<double>(), count}, kinds));
    }
    return logits;
  }

  std::optional<Heatmap> explain_clip(const at::Tensor& clip, ExplainMethod method) const {
    if (!can_explain(*backbone_)) return std::nullopt;
    // The head sees one embedding of the whole clip.
    const auto nothing = head_->before_full(*head_->make_window(1, 1));
    if (!nothing) return std::nullopt;
    return heatmap_of(*backbone_, *head_, clip.to(device_), *nothing, method);
  }

  InputRule input_;
  int length_;
  at::Device device_;
  std::unique_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;
};

}  // namespace

std::vector<std::size_t> there_and_back(std::size_t count, std::size_t length) {
  DFD_CHECK(count >= 1);
  const std::size_t period = count == 1 ? 1 : 2 * (count - 1);
  std::vector<std::size_t> indices(length);
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t step = i % period;
    indices[i] = step < count ? step : period - step;
  }
  return indices;
}

at::Tensor to_clip(const std::vector<cv::Mat>& crops, int length, const InputRule& rule) {
  std::vector<cv::Mat> ordered;
  for (const std::size_t i : there_and_back(crops.size(), static_cast<std::size_t>(length))) {
    ordered.push_back(crops[i]);
  }
  return to_network_input(ordered, rule).unsqueeze(0);
}

std::unique_ptr<Scorer> make_clip_scorer(Networks networks, const ModelConfig& config,
                                         const at::Device& device, at::ScalarType type) {
  DFD_CHECK(networks.backbone->clip_length() == config.window_length);
  return std::make_unique<ClipScorer>(std::move(networks), config, device, type);
}

}  // namespace dfd
