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

  std::vector<std::optional<double>> score(const std::vector<Sample>& samples) override {
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
    return stepper_.advance(tracks, backbone_.embed(input).narrow(0, 0, count));
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
