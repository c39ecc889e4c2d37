// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed's recipe: a frozen backbone, an LSTM and a classifier trained with Adam, the best
// validation loss kept.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "data/progress.h"
#include "samples/crops.h"

namespace dfd {

struct TrainOptions {
  std::string data;      // Folder or manifest.
  std::string backbone;  // A file, or "random:SEED".
  std::string output;
  std::string cache;  // Folder; empty: the user's (samples/embeddings.h).
  SamplingOptions sampling;
  int epochs = 50;
  int batch = 8;
  double learning_rate = 1e-3;
  // Samples a second that the model is to be served with; none: as the clips have them. Needed
  // where nobody knows, as of pictures.
  std::optional<double> sample_rate;
  bool seed_recipe = false;  // Frames and normalisation as in the seed's own code.
  std::string split;         // Of a folder, as SplitRule::by; a manifest has its own.
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
  EmbedProgress embedding;
  std::function<void()> started;  // All clips are embedded; stop is heeded from now on.
  std::function<void(const EpochReport&)> epoch;
};

struct TrainOutcome {
  std::size_t clips = 0;   // To train and to validate on.
  std::size_t failed = 0;  // Of them, could not be read.
};

// Where the data are a folder, the manifest that was made of it is written to
// OUTPUT.manifest.jsonl, beside the model. Writes the best model to output at the end, or after the
// running epoch once stop is set; until then it is kept in output.resume, which is written after
// each epoch. A resumed training gives the numbers of one that was never stopped. Throws Error;
// kInvalidArgument when output.resume is of other data, another backbone or another rule;
// kInference when a loss is no number any more; then there is no model.
TrainOutcome train(const TrainOptions& options, const TrainProgress& progress,
                   const std::atomic<bool>& stop);

}  // namespace dfd
