// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/train_network.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <opencv2/core/utility.hpp>

#include "base/check.h"
#include "base/file.h"
#include "base/resources.h"
#include "face/face_detector.h"
#include "samples/prefetch.h"
#include "training/device.h"
#include "training/loop.h"
#include "training/network.h"
#include "training/picture_data.h"
#include "training/provenance.h"
#include "training/rank_work.h"
#include "training/validation.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

void check(const TrainOptions& options, const NetworkTraining& training) {
  const auto require = [](bool good, const std::string& what) {
    DFD_REQUIRE(good, ErrorCode::kInvalidArgument, what);
  };
  require(training.steps >= 1, "steps: at least 1 expected");
  require(training.pairs >= 1, "pairs: at least 1 expected");
  require(training.validation_pairs >= 1, "validation-pairs: at least 1 expected");
  require(training.validate_every >= 1, "validate-every: at least 1 expected");
  require(training.easy_part >= 0 && training.easy_part <= 1, "easy-part: 0 to 1 expected");
  require(training.recoded >= 0 && training.recoded <= 1, "recoded: 0 to 1 expected");
  require(!training.target_fpr || (*training.target_fpr > 0 && *training.target_fpr < 1),
          "target-fpr: above 0, below 1 expected");
  // Not after hours of work, when the threshold is sought among them; they come in whole batches.
  const auto batches = (training.validation_pairs + training.pairs - 1) / training.pairs;
  constexpr double kRounding = 1e-9;
  require(!training.target_fpr ||
              *training.target_fpr * static_cast<double>(batches * training.pairs) >= 1 - kRounding,
          "target-fpr: a validation pair for each 1 / target-fpr is needed; give more "
          "--validation-pairs, or a higher rate");
  require(training.autoencoder_steps >= 1, "autoencoder-steps: at least 1 expected");
  require(training.window >= 0 && training.window <= options.sampling.frames,
          "window: at most the --frames that are read of a clip expected");
  require(training.threads >= 0, "threads: at least 0 expected");
  require(!options.seed_recipe,
          "--recipe seed leaves the backbone as it is; train without --unfreeze");
}

std::string identity_of(const TrainOptions& options, const NetworkTraining& training,
                        const PictureData& data) {
  std::ostringstream all;
  all << data.clips.digest << ' ' << data.clips.manifest.split << ' ' << options.seed << ' '
      << key_of(data.rule) << ' ' << digest_of(data.backbone.tensors) << ' ' << digest_of(data.head)
      << ' ' << data.head_type << ' ' << training.unfreeze << ' ' << training.steps << ' '
      << training.pairs << ' ' << training.group << ' ' << training.learning_rate << ' '
      << training.weight_decay << ' ' << training.label_smoothing << ' ' << training.average << ' '
      << training.keep << ' ' << training.fakes.self_blend << ' ' << training.fakes.reconstruct
      << ' ' << training.autoencoder_steps << ' ' << training.recoded << ' ' << training.easy_part
      << ' ' << training.validation_pairs << ' ' << training.validate_every << ' ' << data.window
      << ' ' << training.videos.value_or(-1) << ' ' << training.lossless;
  for (const auto& [key, value] : training.settings) all << ' ' << key << '=' << value;
  for (const PictureSide* side : {&data.train, &data.validation}) {
    all << " side";
    for (const Clip& clip : side->clips.clips) all << ' ' << clip.digest;
  }
  const std::string text = all.str();
  return sha256(text.data(), text.size());
}

int threads_of(const NetworkTraining& training) {
  return training.threads > 0 ? training.threads : usable_cores();
}

ModelConfig config_of(const TrainOptions& options, const NetworkTraining& training,
                      const PictureData& data, const TrainedNetwork& network) {
  ModelConfig config;
  config.backbone = data.backbone.info;
  config.backbone.digest.clear();
  config.input = data.rule.input;
  // Squares were moved and scaled by more than detectors differ; what is aligned needs landmarks.
  if (config.input.crop == CropRule::kSquare) config.input.face_detector = kAnyDetector;
  config.window_length = data.window;
  std::vector<double> rates;
  for (const CropStore::Clip* clip : data.train.clips.crops) rates.push_back(clip->sample_rate);
  config.sample_rate = rate_of(options, std::move(rates));
  config.head = network.head_info();
  config.training =
      to_metadata(options, {data.clips.manifest, data.clips.digest, data.train.clips.clips,
                            data.validation.clips.clips, data.rule});
  config.training["recipe"] = "pictures";
  config.training["self_blend"] = print(training.fakes.self_blend);
  config.training["reconstruct"] = print(training.fakes.reconstruct);
  if (training.keep > 0) config.training["keep"] = print(training.keep);
  return config;
}

// On pairs that are always the same.
ValidatedWindows validated(const TensorMap& tensors, const ModelConfig& config,
                           const NetworkTraining& training, const PicturePairs& pairs,
                           Ranks& ranks) {
  return validate(tensors, config, pairs, 2LL * training.validation_pairs, threads_of(training),
                  ranks);
}

nlohmann::ordered_json to_json(const std::array<QualityFigures, kQualities.size()>& of) {
  const auto number = [](const std::optional<double>& auc) {
    return auc ? nlohmann::ordered_json(*auc) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < kQualities.size(); ++i) {
    json[kQualities.at(i)] = {{"correlation", of.at(i).correlation},
                              {"auc_low", number(of.at(i).auc_low)},
                              {"auc_high", number(of.at(i).auc_high)}};
  }
  return json;
}

void write_model(const TrainOptions& options, const NetworkTraining& training,
                 const PictureData& data, ModelConfig config, const LoopState& progress,
                 Ranks& ranks) {
  const TrainReport& best = progress.best_report;
  TensorMap tensors = progress.best;
  CalibrationOptions calibration_options;
  calibration_options.target_fpr = training.target_fpr;
  // What is served is a window: its mean is surer than a sample, so it has other probabilities.
  const ValidatedWindows windows =
      validated(progress.best, config, training, *data.validation.windows, ranks);
  const Calibration calibration = calibrate(tensors, windows, calibration_options);
  if (!ranks.first()) return;
  config.temperature = calibration.temperature;
  config.bias = calibration.bias;
  config.threshold = calibration.threshold;
  nlohmann::ordered_json told = to_json(calibration);
  told["by"] = "windows of validation pairs";
  told["auc"] = measure(windows).auc;
  config.training["calibration"] = told.dump();
  config.training["step"] = std::to_string(best.step);
  config.training["validation_loss"] = print(best.validation.loss);
  config.training["validation_auc"] = print(best.validation.auc);
  config.training["validation_accuracy"] = print(best.validation.accuracy);
  config.training["quality"] = to_json(by_quality(windows)).dump();
  config.backbone.digest = digest_of(split_tensors(tensors).backbone);
  if (makes_manifest(options)) write_manifest(manifest_path(options), data.clips.manifest);
  write_tensors(options.output, to_metadata(config), tensors);
}

NetworkOptions network_options(const TrainOptions& options, const NetworkTraining& training,
                               const PictureData& data, const Ranks& ranks) {
  NetworkOptions network;
  for (const Trace trace : data.traces) network.rows.push_back(evidence_of(trace));
  network.head = data.head_type;
  network.fake_index = data.fake_index;
  network.unfreeze = training.unfreeze;
  network.group = training.group;
  network.learning_rate = training.learning_rate;
  network.weight_decay = training.weight_decay;
  network.label_smoothing = training.label_smoothing;
  network.average = training.average;
  network.keep = training.keep;
  network.seed = options.seed;
  network.device = training_device(training.device, training.precision, ranks.local_rank());
  return network;
}

// A backbone and a head on pairs of pictures.
class NetworkLearner : public Learner {
 public:
  NetworkLearner(const TrainOptions& options, const NetworkTraining& training,
                 const PictureData& data, Ranks& ranks)
      : training_(training),
        data_(data),
        ranks_(ranks),
        share_(share_of(training.pairs, data.samples, training.group, ranks.rank(), ranks.size())),
        network_(network_options(options, training, data, ranks), data.backbone, data.head, &ranks),
        config_(config_of(options, training, data, network_)) {}

  void begin(std::int64_t first) override {
    source_.emplace(
        [this](std::int64_t step) {
          return data_.train.pairs->make("training", step, hardness(step), share_);
        },
        first, training_.steps, threads_of(training_));
  }

  double step(std::int64_t step) override {
    return network_.step(source_->next(), step, part(step));
  }

  ValidationFigures judge() override {
    return measure(
        validated(network_.judged(), config_, training_, *data_.validation.pairs, ranks_));
  }

  TensorMap weights() const override {
    TensorMap weights;
    for (const auto& [name, tensor] : network_.judged()) {
      weights[name] = tensor.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    }
    return weights;
  }

  TensorMap state() const override { return network_.state(); }
  void restore(const TensorMap& state) override { network_.restore(state); }
  int pictures_in_step() const override { return 2 * training_.pairs * data_.samples; }
  double waited() const override { return source_->waited().count(); }

  const TrainedNetwork& network() const { return network_; }
  const ModelConfig& config() const { return config_; }

 private:
  double part(std::int64_t step) const {
    return static_cast<double>(step) / static_cast<double>(training_.steps);
  }
  double hardness(std::int64_t step) const {
    return training_.easy_part > 0 ? std::min(1.0, part(step) / training_.easy_part) : 1.0;
  }

  const NetworkTraining& training_;
  const PictureData& data_;
  Ranks& ranks_;
  const PairRange share_;
  TrainedNetwork network_;
  ModelConfig config_;
  std::optional<Prefetch<PictureBatch>> source_;
};

LoopOptions loop_options(const TrainOptions& options, const NetworkTraining& training,
                         const PictureData& data) {
  LoopOptions loop;
  loop.output = options.output;
  loop.identity = identity_of(options, training, data);
  loop.steps = training.steps;
  loop.validate_every = training.validate_every;
  loop.time_limit = options.time_limit;
  loop.remedy = "give a --rate below " + print(training.learning_rate);
  return loop;
}

}  // namespace

TrainOutcome train_network(const TrainOptions& options, const NetworkTraining& training,
                           const TrainReports& reports, const std::atomic<bool>& stop,
                           Ranks& ranks) {
  const EmbedProgress& progress = reports.embedding;
  const auto begin = std::chrono::steady_clock::now();
  check(options, training);
  if (ranks.first()) require_ready(options);
  PictureData data;
  // Pictures are made in threads of ours, several at once.
  cv::setNumThreads(1);
  load(options, training, progress, ranks, data);
  for (const auto& [name, what] : describe(augment_options(data.rule))) {
    progress.say(std::string("by chance: ").append(name).append(": ").append(what));
  }
  NetworkLearner learner(options, training, data, ranks);
  const LoopOptions of_loop = loop_options(options, training, data);
  require_same(of_loop.identity, options.resume, ranks);
  progress.say("training in " + learner.network().device() +
               (ranks.size() > 1 ? " on " + std::to_string(ranks.size()) + " ranks" : ""));
  if (!data.head.empty() && learner.network().head_is_new()) {
    progress.say("the head is a new one: that of " + options.backbone + " has another form");
  }
  Loop loop(of_loop, learner, ranks, begin);
  if (options.resume) {
    loop.resume();
    progress.say("resuming after step " + std::to_string(loop.state().step));
  }
  reports.started();
  loop.run(stop, reports);
  if (loop.has_model()) {
    write_model(options, training, data, learner.config(), loop.state(), ranks);
  }
  return {data.clips.sides.train.size() + data.clips.sides.validation.size(),
          data.train.clips.failed + data.validation.clips.failed, loop.out_of_time()};
}

}  // namespace dfd
