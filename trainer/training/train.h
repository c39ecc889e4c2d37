// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What all trainings take and tell, whatever they train.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "data/progress.h"
#include "detector/report.h"
#include "samples/crops.h"
#include "samples/fake_parts.h"

namespace dfd {

struct TrainOptions {
  std::string data;      // Folder or manifest.
  std::string backbone;  // A file, "random:SEED", or "new:KIND".
  std::string output;
  std::string cache;  // Folder; empty: the user's (samples/embeddings.h).
  SamplingOptions sampling;
  std::string head;  // As make_trainable_head() has it; empty: the training's own.
  int epochs = 50;   // These three of a head on a frozen backbone alone.
  int batch = 8;
  double learning_rate = 1e-3;
  // Samples a second that the model is to be served with; none: as the clips have them. Needed
  // where nobody knows, as of pictures.
  std::optional<double> sample_rate;
  bool seed_recipe = false;  // Frames and normalisation as in the seed's own code.
  std::string split;         // Of a folder, as SplitRule::by; a manifest has its own.
  bool resume = false;
  std::chrono::milliseconds time_limit{0};  // 0: none. A step that has begun is finished.
  std::uint64_t seed = 1;
};

// On windows that are always the same.
struct ValidationFigures {
  double loss = 0;      // Log loss; of a network once calibrated, as it is before it is written.
  double auc = 0;       // Of the windows' scores.
  double accuracy = 0;  // At a logit of 0.
  // Of always answering the more frequent class, and the log loss of always answering the training
  // side's share of fakes; none where the classes are balanced.
  std::optional<double> majority_accuracy, constant_loss;
  // By kTraces: of its logit among the windows where that is known; none where the head has no
  // logit for it, or the windows are of one side.
  std::array<std::optional<double>, kTraces.size()> traces_auc;
  // By kFakeKinds, of the scores: pairs of that kind alone; none where there are none.
  std::array<std::optional<double>, kFakeKinds.size()> fakes_auc;
};

struct TrainReport {
  const char* unit = "step";         // What is counted: "step" or "epoch".
  std::int64_t step = 0, steps = 0;  // Done; in all.
  double train_loss = 0;             // Mean since the last report.
  ValidationFigures validation;
  // None of a head, whose windows are made before it begins.
  std::optional<double> pictures_per_second;
  std::optional<double> waited;  // Part of the time that the network waited for pictures.
  bool best = false;
};

struct TrainReports {
  EmbedProgress embedding;
  std::function<void()> started;  // All clips are read; stop is heeded from now on.
  std::function<void(std::int64_t step, std::int64_t steps)> stepped;
  std::function<void(const TrainReport&)> reported;
};

struct TrainOutcome {
  std::size_t clips = 0;     // To train and to validate on.
  std::size_t failed = 0;    // Of them, could not be read.
  bool out_of_time = false;  // Before the last step.
};

}  // namespace dfd
