// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/scorer.h"

#include <utility>

#include "backbone/input.h"
#include "base/padding.h"
#include "window/lstm_head.h"

namespace dfd {
namespace {

class TorchScorer : public Scorer {
 public:
  TorchScorer(TensorSource& source, const ModelConfig& config, const at::Device& device)
      : input_(config.input),
        device_(device),
        backbone_(source, kBackbonePrefix),
        head_(source, config.head, device),
        stepper_(head_) {
    source.require_empty();
    backbone_.fold(device);
  }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    const c10::InferenceMode guard;
    std::vector<cv::Mat> crops;
    std::vector<Lanes*> tracks;
    for (const Sample& sample : samples) {
      crops.push_back(sample.crop);
      tracks.push_back(sample.lanes);
    }
    const auto count = static_cast<std::int64_t>(samples.size());
    const at::Tensor input = pad_dimension(to_network_input(crops, input_), 0, padded_size(count))
                                 .to(device_)
                                 .contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor embeddings = backbone_.embed(input).narrow(0, 0, count);
    const std::vector<std::optional<double>> logits = stepper_.advance(tracks, embeddings);
    const at::Tensor rows = embeddings.to(at::kCPU).contiguous();
    const auto* values = rows.data_ptr<float>();
    std::vector<SampleResult> results;
    for (const auto& logit : logits) {
      results.push_back({logit, {values, values + rows.size(1)}});
      values += rows.size(1);
    }
    return results;
  }

  std::optional<double> partial(const Lanes& track) override {
    const c10::InferenceMode guard;
    return stepper_.partial(track);
  }

 private:
  InputRule input_;
  at::Device device_;
  InceptionResnetV1 backbone_;
  LstmHead head_;
  LaneStepper stepper_;
};

}  // namespace

LoadedModel load_model(const std::string& path, const at::Device& device) {
  const c10::InferenceMode guard;
  const SafetensorsFile file(path);
  LoadedModel model;
  model.config = parse_model_config(file);
  model.digest = file.digest();
  TensorSource source(path, read_tensors(file));
  model.scorer = std::make_unique<TorchScorer>(source, model.config, device);
  return model;
}

}  // namespace dfd
