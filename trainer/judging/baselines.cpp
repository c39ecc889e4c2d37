// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/baselines.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "base/check.h"
#include "detector/engine.h"
#include "face/face_detector.h"
#include "judging/metrics.h"
#include "samples/cache.h"
#include "samples/embeddings.h"
#include "samples/windows.h"
#include "scoring/model_parts.h"

namespace dfd {
namespace {

TrackChoice tracks_of(const ModelConfig& config) {
  const auto found = config.training.find("tracks");
  for (const TrackChoice choice : {TrackChoice::kLargest, TrackChoice::kAll}) {
    if (found != config.training.end() && found->second == to_string(choice)) return choice;
  }
  return TrackChoice::kLongest;
}

Windows windows_of(const std::vector<Clip>& clips, const ModelConfig& config,
                   const Backbone& backbone, const BaselineOptions& options,
                   const EmbedProgress& progress) {
  SamplingRule rule;
  rule.input = config.input;
  rule.frames = config.window_length;
  rule.tracks = tracks_of(config);
  const auto recipe = config.training.find("recipe");
  if (recipe != config.training.end() && recipe->second == "seed") {
    rule.choice = FrameChoice::kSeed;
  }
  if (rule.input.crop != CropRule::kFullFrame) {
    rule.face_model = options.face_model;
    const std::string detector = make_face_detector(rule.face_model, rule.input.crop)->name();
    DFD_REQUIRE(same_boxes(detector, rule.input.face_detector), ErrorCode::kInvalidArgument,
                "the model was trained on faces found by "
                    << rule.input.face_detector << ", " << detector
                    << " would find them here; give --face-model as in training");
  }
  const std::string cache = cache_folder(options.cache);
  return make_windows(clips, embed_clips(clips, backbone, config.backbone, rule, cache, progress),
                      rule.frames);
}

// A clip is as bad as its worst track. probabilities: of each window.
std::vector<Scored> score(const at::Tensor& probabilities, const Windows& windows) {
  std::vector<Scored> scores;
  for (const Clip& clip : windows.clips) scores.push_back({0, clip.fake});
  for (std::size_t i = 0; i < windows.clip_of.size(); ++i) {
    const double probability = probabilities[static_cast<std::int64_t>(i)].item<double>();
    DFD_REQUIRE(std::isfinite(probability), ErrorCode::kInference,
                "the network gave " << probability
                                    << " instead of a probability; its weights may be damaged");
    double& worst = scores[windows.clip_of[i]].probability;
    worst = std::max(worst, probability);
  }
  return scores;
}

// Logistic regression with weight decay, by gradient descent: convex, so its end is its only one.
at::Tensor mean_linear(const Windows& train, const Windows& test) {
  const auto features = [](const Windows& windows) {
    std::vector<at::Tensor> means;
    for (const at::Tensor& window : windows.embeddings) means.push_back(window.mean(0));
    const at::Tensor mean = at::stack(means).to(at::kDouble);
    return at::cat({mean * std::sqrt(static_cast<double>(mean.size(1))),
                    at::ones({mean.size(0), 1}, at::kDouble)},
                   1);
  };
  const at::Tensor x = features(train);
  const at::Tensor y = labels_of(train);
  at::Tensor weight = at::zeros({x.size(1)}, at::kDouble);
  constexpr int kSteps = 500;
  constexpr double kRate = 0.01;
  constexpr double kDecay = 0.1;
  for (int i = 0; i < kSteps; ++i) {
    const at::Tensor error = at::sigmoid(x.matmul(weight)) - y;
    weight = weight - kRate * (x.t().matmul(error) / x.size(0) + kDecay * weight);
  }
  return at::sigmoid(features(test).matmul(weight));
}

bool has_both_classes(const std::vector<Clip>& clips) {
  const std::size_t fakes = count_fakes(clips);
  return fakes > 0 && fakes < clips.size();
}

nlohmann::ordered_json to_json(const Metrics& metrics) {
  return {{"accuracy", metrics.accuracy},
          {"auc", metrics.auc},
          {"eer", metrics.eer},
          {"ap", metrics.average_precision},
          {"log_loss", metrics.log_loss}};
}

}  // namespace

nlohmann::ordered_json measure_baselines(const std::vector<Clip>& train_clips,
                                         const std::vector<Clip>& judged,
                                         const BaselineOptions& options,
                                         const EmbedProgress& progress) {
  const c10::InferenceMode guard;
  ModelParts model = read_model(options.model);
  Backbone& backbone = *model.networks.backbone;
  backbone.fold(at::kCPU, at::kFloat);
  const Windows train = windows_of(train_clips, model.config, backbone, options, progress);
  const Windows test = windows_of(judged, model.config, backbone, options, progress);
  if (!has_both_classes(train.clips) || !has_both_classes(test.clips)) return nullptr;
  const double threshold = model.config.threshold;
  const double share = labels_of(train).mean().item<double>();
  const at::Tensor same =
      at::full({static_cast<std::int64_t>(test.clip_of.size())}, share, at::kDouble);
  return {{"constant", to_json(measure(score(same, test), threshold))},
          {"mean_linear", to_json(measure(score(mean_linear(train, test), test), threshold))}};
}

}  // namespace dfd
