// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/scorer.h"

#include <utility>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include "explain/grad_cam.h"
#include "runtime/device.h"
#include "window/lstm_head.h"

namespace dfd {
namespace {

class TorchScorer : public Scorer {
 public:
  TorchScorer(TensorSource& source, const ModelConfig& config, at::ScalarType type)
      : input_(config.input),
        backbone_(source, kBackbonePrefix),
        head_(source, config.head, at::kCPU, type),
        stepper_(head_) {
    source.require_empty();
    backbone_.fold(at::kCPU, type);
  }

  void warm_up() override {
    const c10::InferenceMode guard;
    // What one stream needs; larger batches find their plans when they first come.
    for (const std::int64_t count : {1, 2, 4}) {
      const at::Tensor crops = at::zeros({count, 3, input_.size, input_.size});
      std::vector<Lanes> tracks(static_cast<std::size_t>(count), Lanes(1, 1));
      std::vector<Lanes*> pointers;
      pointers.reserve(tracks.size());
      for (Lanes& track : tracks) pointers.push_back(&track);
      stepper_.advance(pointers, backbone_.embed(crops));
    }
  }

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, input_); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    const c10::InferenceMode guard;
    std::vector<cv::Mat> crops;
    std::vector<Lanes*> tracks;
    for (const Sample& sample : samples) {
      crops.push_back(sample.crop);
      tracks.push_back(sample.lanes);
    }
    const at::Tensor input = to_network_input(crops, input_);
    const at::Tensor rows = backbone_.embed(input).contiguous();
    const std::vector<ToExplain> asked = to_explain(samples, stepper_);
    std::vector<SampleResult> results = results_of(stepper_.advance(tracks, rows), rows);
    for (const auto& [sample, before, method] : asked) {
      const at::Tensor crop = input.narrow(0, static_cast<std::int64_t>(sample), 1);
      results[sample].map = explain(backbone_, head_, crop, before, method).map;
    }
    return results;
  }

  std::optional<double> partial(const Lanes& track) override {
    const c10::InferenceMode guard;
    return stepper_.partial(track);
  }

 private:
  InputRule input_;
  InceptionResnetV1 backbone_;
  LstmHead head_;
  LaneStepper stepper_;
};

}  // namespace

std::vector<SampleResult> results_of(const std::vector<std::optional<double>>& logits,
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

std::vector<ToExplain> to_explain(const std::vector<Sample>& samples, const LaneStepper& stepper) {
  std::vector<ToExplain> asked;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].explain) continue;
    if (auto before = stepper.before_full(*samples[i].lanes)) {
      asked.push_back({i, std::move(*before), *samples[i].explain});
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
  model.config = parse_model_config(file);
  model.digest = file.digest();
  TensorSource source(path, read_tensors(file));
  if (device.is_cuda()) {
    model.scorer = make_cuda_scorer(source, model.config, device, type_of(precision));
  } else {
    model.scorer = std::make_unique<TorchScorer>(source, model.config, type_of(precision));
  }
  return model;
}

}  // namespace dfd
