// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed's recipe: a frozen backbone, an LSTM and a classifier trained with Adam, the best
// validation loss kept.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "clip_crops.h"

namespace dfd {

struct TrainOptions {
  std::string data;
  std::string backbone;  // A file, or "random:SEED".
  std::string output;
  std::string cache;  // Folder; empty: .features in the data set.
  SamplingOptions sampling;
  int epochs = 50;
  int batch = 8;
  double learning_rate = 1e-3;
  bool seed_recipe = false;   // Frames and normalisation as in the seed's own code.
  bool random_split = false;  // 80/20 over clips, leaky.
  bool resume = false;
  std::uint64_t seed = 1;
};

struct EpochReport {
  int epoch = 0;  // From 1.
  int epochs = 0;
  double train_loss = 0;
  double validation_loss = 0;
  double validation_accuracy = 0;
  double majority_accuracy = 0;  // Of always answering the more frequent class.
  double constant_loss = 0;      // Of always answering the training set's share of fakes.
  bool best = false;
};

struct TrainProgress {
  std::function<void(const std::string&)> say;
  std::function<void(int done, int of, int computed)> embedded;
  std::function<void()> started;  // All clips are embedded; stop is heeded from now on.
  std::function<void(const EpochReport&)> epoch;
};

// Writes the best model so far to output whenever it gets better, and output.resume after each
// epoch; a resumed training gives the numbers of one that was never stopped. Stops after the
// running epoch once stop is set. Throws Error; kInvalidArgument when output.resume is of other
// data, another backbone or another rule.
void train(const TrainOptions& options, const TrainProgress& progress,
           const std::atomic<bool>& stop);

}  // namespace dfd
