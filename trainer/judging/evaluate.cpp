// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/evaluate.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "base/check.h"
#include "data/dataset.h"
#include "data/split.h"
#include "detector/engine.h"
#include "face/face_detector.h"
#include "judging/known_clips.h"
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
                   const Backbone& backbone, const EvaluateOptions& options,
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
    const at::Tensor mean = windows.embeddings.mean(1).to(at::kDouble);
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

// With digests.
std::vector<Clip> read_clips(const std::string& data, const Say& say) {
  Manifest manifest = read_dataset(data);
  for (const std::string& remark : manifest.remarks) say(remark);
  DFD_REQUIRE(!has_splits(manifest) || !sides_of(manifest).test.empty(),
              ErrorCode::kInvalidArgument,
              data << ": its clips have splits, but none is \"test\"; see data split");
  add_digests(manifest.clips);
  return std::move(manifest.clips);
}

bool has_both_classes(const std::vector<Clip>& clips) {
  const std::size_t fakes = count_fakes(clips);
  return fakes > 0 && fakes < clips.size();
}

std::map<std::string, Metrics> measure_kinds(const std::vector<Scored>& scores,
                                             const std::vector<Clip>& clips, double threshold) {
  std::map<std::string, std::vector<Scored>> kinds;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].fake) kinds[kind_of(clips[i])].push_back(scores[i]);
  }
  std::map<std::string, Metrics> measured;
  for (auto& [kind, of_kind] : kinds) {
    for (const Scored& scored : scores) {
      if (!scored.fake) of_kind.push_back(scored);
    }
    measured[kind] = measure(of_kind, threshold);
  }
  return measured;
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, const EmbedProgress& progress) {
  const c10::InferenceMode guard;
  ModelParts model = read_model(options.model);
  Backbone& backbone = *model.networks.backbone;
  backbone.fold(at::kCPU, at::kFloat);
  const std::vector<Clip> clips = read_clips(options.data, progress.say);
  const KnownClips sides = find_known(clips, model.config);
  if (sides.known > 0) {
    progress.say(std::to_string(sides.known) +
                 " clips are left out: the model was trained on them or on others made from the "
                 "same recordings, or its epoch chosen by them");
  }
  DFD_REQUIRE(!sides.judged.empty(), ErrorCode::kInvalidArgument,
              options.data << ": the model knows all " << sides.known
                           << " clips that it could be judged by, from its training; give others");
  const Windows test = windows_of(sides.judged, model.config, backbone, options, progress);
  DFD_REQUIRE(has_both_classes(test.clips), ErrorCode::kInvalidArgument,
              options.data << ": of " << sides.judged.size() << " clips to judge by, "
                           << test.clips.size() << " have a face and " << test.failed
                           << " cannot be read; both classes are needed, real and fake");
  const at::Tensor logits = model.networks.head->score_windows(test.embeddings).to(at::kDouble);
  const std::vector<Scored> scores =
      score(at::sigmoid((logits - model.config.bias) / model.config.temperature), test);
  const double threshold = model.config.threshold;
  Evaluation result;
  result.side = sides.name;
  result.warning = model.config.backbone.warning;
  result.known = sides.known;
  result.clips = sides.judged.size();
  result.failed = test.failed;
  result.without_face = test.without_face;
  result.model = measure(scores, threshold);
  result.by_kind = measure_kinds(scores, test.clips, threshold);

  const Windows train = windows_of(sides.train, model.config, backbone, options, progress);
  if (!has_both_classes(train.clips)) return result;
  const double share = labels_of(train).mean().item<double>();
  const at::Tensor same =
      at::full({static_cast<std::int64_t>(test.clip_of.size())}, share, at::kDouble);
  result.constant = measure(score(same, test), threshold);
  result.mean_linear = measure(score(mean_linear(train, test), test), threshold);
  return result;
}

}  // namespace dfd
