// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/train.h"

#include "base/check.h"
#include "base/file.h"
#include "training/loop.h"
#include "training/provenance.h"
#include "training/resume.h"
#include "training/state.h"
#include "training/training_data.h"
#include "window/lstm_windows.h"

namespace dfd {
namespace {

void check(const TrainOptions& options) {
  DFD_REQUIRE(options.epochs >= 1 && options.batch >= 1, ErrorCode::kInvalidArgument,
              "epochs and batch must be at least 1");
  constexpr double kMost = 1e30;  // Beyond, it is no float.
  DFD_REQUIRE(options.learning_rate > 0 && options.learning_rate <= kMost,
              ErrorCode::kInvalidArgument,
              "learning-rate " << options.learning_rate << ": above 0 expected, such as 0.001");
  constexpr double kLeastRate = 1e-3;  // Of what models record.
  constexpr double kMostRate = 1e3;
  const double rate = options.sample_rate.value_or(1);
  DFD_REQUIRE(rate >= kLeastRate && rate <= kMostRate, ErrorCode::kInvalidArgument,
              "sample-rate " << rate << ": " << kLeastRate << " to " << kMostRate
                             << " samples a second expected");
}

// The seed recipe's, for the embeddings that there are.
HeadSizes head_sizes(const TrainingData& data) {
  HeadSizes sizes;
  sizes.embedding = data.train.windows.embeddings.front().size(1);
  return sizes;
}

void write_model(const TrainOptions& options, const TrainingData& data,
                 const TrainingState& state) {
  const EpochReport& best = state.best_report;
  ModelConfig config;
  config.backbone = data.backbone;
  config.input = data.rule.input;
  config.window_length = data.rule.frames;
  config.sample_rate = rate_of(options, data.train.windows.rates);
  config.head = to_info(head_sizes(data));
  config.training = to_metadata(options, {data.manifest, data.digest, data.train.windows.clips,
                                          data.validation.windows.clips, data.rule});
  config.training["recipe"] = options.seed_recipe ? "seed" : "default";
  config.training["epoch"] = std::to_string(best.epoch);
  config.training["validation_loss"] = std::to_string(best.validation_loss);
  config.training["validation_accuracy"] = std::to_string(best.validation_accuracy);
  TensorMap tensors;
  for (const auto& [key, tensor] : data.backbone_tensors) tensors[kBackbonePrefix + key] = tensor;
  for (const auto& [key, tensor] : state.best) tensors[key] = tensor;
  if (makes_manifest(options)) write_manifest(manifest_path(options), data.manifest);
  write_tensors(options.output, to_metadata(config), tensors);
}

// Puts the state back that the file has.
void resume(const ResumeFile& file, const std::string& identity, const TrainOptions& options,
            TrainingState& state) {
  file.load(identity, state);
  // Which came with the state; another one may be just what a resumed training needs.
  for (auto& group : state.optimizer.param_groups()) group.options().set_lr(options.learning_rate);
}

}  // namespace

TrainOutcome train(const TrainOptions& options, const TrainProgress& progress,
                   const std::atomic<bool>& stop) {
  check(options);
  // Not after hours of work.
  static_cast<void>(FileReplacement(options.output));
  if (makes_manifest(options)) static_cast<void>(FileReplacement(manifest_path(options)));
  const SamplingRule rule = rule_of(options);
  const ResumeFile resume_file(options.output);
  if (options.resume) resume_file.require();
  const TrainingData data = load_training_data(options, rule, progress.embedding);
  static_cast<void>(rate_of(options, data.train.windows.rates));  // Nor this.
  const std::string identity = identity_of(options, data);
  TrainingState state(options, head_sizes(data));
  if (options.resume) {
    resume(resume_file, identity, options, state);
    progress.embedding.say("resuming after epoch " + std::to_string(state.epoch));
  }
  progress.started();
  while (state.epoch < options.epochs && !stop) {
    progress.epoch(run_epoch(options, data, state));
    resume_file.save(identity, state);
  }
  DFD_REQUIRE(!state.best.empty(), ErrorCode::kInvalidArgument,
              "stopped before the first epoch; no model is written");
  write_model(options, data, state);
  if (stop) progress.embedding.say("stopped; " + options.output + " holds the best model so far");
  return {data.clips, data.train.windows.failed + data.validation.windows.failed};
}

}  // namespace dfd
