// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scoring/scorer.h"

#include <utility>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include "base/serial.h"
#include "explain/grad_cam.h"
#include "scoring/clip_scorer.h"
#include "scoring/device.h"

namespace dfd {
namespace {

class TorchScorer : public Scorer {
 public:
  TorchScorer(Networks networks, const ModelConfig& config, at::ScalarType type)
      : input_(config.input),
        window_length_(config.window_length),
        backbone_(std::move(networks.backbone)),
        head_(std::move(networks.head)) {
    backbone_->fold(at::kCPU, type);
  }

  void warm_up() override {
    const c10::InferenceMode guard;
    // What one stream needs; larger batches find their plans when they first come.
    for (const std::int64_t count : {1, 2, 4}) {
      const at::Tensor crops = at::zeros({count, 3, input_.size, input_.size});
      // Of one sample: full at once, so that all of the head runs.
      std::vector<std::unique_ptr<Window>> windows;
      std::vector<Window*> pointers;
      for (std::int64_t i = 0; i < count; ++i) {
        pointers.push_back(windows.emplace_back(head_->make_window(1, 1)).get());
      }
      advance(pointers, backbone_->embed(crops));
    }
  }

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, input_); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    const c10::InferenceMode guard;
    std::vector<cv::Mat> crops;
    crops.reserve(samples.size());
    for (const Sample& sample : samples) crops.push_back(sample.crop);
    const at::Tensor input = input_of(crops);
    const at::Tensor rows = backbone_->embed(input).contiguous();
    const std::vector<Window*> windows = windows_of(samples, *head_, window_length_);
    const std::vector<ToExplain> asked = to_explain(samples, *backbone_, *head_);
    std::vector<SampleResult> results = results_of(advance(windows, rows), rows);
    for (const auto& [sample, before, method] : asked) {
      const at::Tensor crop = input.narrow(0, static_cast<std::int64_t>(sample), 1);
      results[sample].map = heatmap_of(*backbone_, *head_, crop, *before, method);
    }
    return results;
  }

  bool explains() const override { return can_explain(*backbone_); }

  std::optional<WindowLogit> partial(const Window& window) override {
    const c10::InferenceMode guard;
    const Serial serial;
    return head_->partial(window);
  }

 private:
  at::Tensor input_of(const std::vector<cv::Mat>& crops) const {
    const Serial serial;
    return to_network_input(crops, input_);
  }

  std::vector<std::optional<WindowLogit>> advance(const std::vector<Window*>& windows,
                                                  const at::Tensor& embeddings) const {
    const Serial serial;
    return head_->advance(windows, embeddings);
  }

  InputRule input_;
  int window_length_;
  std::unique_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;
};

}  // namespace

std::vector<Window*> windows_of(const std::vector<Sample>& samples, const Head& head, int length) {
  std::vector<Window*> windows;
  windows.reserve(samples.size());
  for (const Sample& sample : samples) {
    if (!*sample.window) *sample.window = head.make_window(length, sample.window_stride);
    windows.push_back(sample.window->get());
  }
  return windows;
}

std::vector<SampleResult> results_of(const std::vector<std::optional<WindowLogit>>& logits,
                                     const at::Tensor& embeddings) {
  const auto* values = embeddings.data_ptr<float>();
  const std::int64_t size = embeddings.size(1);
  std::vector<SampleResult> results;
  results.reserve(logits.size());
  for (const auto& logit : logits) {
    results.push_back({logit, {values, values + size}});
    values += size;
  }
  return results;
}

std::vector<ToExplain> to_explain(const std::vector<Sample>& samples, const Backbone& backbone,
                                  const Head& head) {
  std::vector<ToExplain> asked;
  if (!can_explain(backbone)) return asked;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].explain) continue;
    if (auto before = head.before_full(**samples[i].window)) {
      asked.push_back({i, std::move(before), *samples[i].explain});
    }
  }
  return asked;
}

void crop_on_cpu(const std::vector<Sample*>& samples, const InputRule& rule) {
  at::parallel_for(0, static_cast<std::int64_t>(samples.size()), 1,
                   [&](std::int64_t first, std::int64_t last) {
                     for (std::int64_t i = first; i < last; ++i) {
                       Sample& sample = *samples[static_cast<std::size_t>(i)];
                       sample.crop = make_crop(sample.plan, rule);
                     }
                   });
}

LoadedModel load_model(const std::string& path, const at::Device& device, Precision precision) {
  // Not c10::InferenceMode: gradients must pass the weights when scores are explained.
  const c10::NoGradGuard guard;
  const SafetensorsFile file(path);
  LoadedModel model;
  model.config = read_config(file);
  model.digest = file.digest();
  TensorSource source(path, read_tensors(file));
  const at::ScalarType type = type_of(precision);
  if (device.is_cuda()) {
    model.scorer = make_cuda_scorer(source, model.config, device, type);
    return model;
  }
  Networks networks = make_networks(source, model.config, at::kCPU, type);
  if (networks.backbone->clip_length() > 0) {
    model.scorer = make_clip_scorer(std::move(networks), model.config, at::kCPU, type);
  } else {
    model.scorer = std::make_unique<TorchScorer>(std::move(networks), model.config, type);
  }
  return model;
}

}  // namespace dfd
