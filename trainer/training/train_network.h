// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Training from pictures: a backbone and a head together, on pairs of real and fake windows, for a
// number of steps.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "detector/config.h"
#include "model/metadata.h"
#include "samples/fake_parts.h"
#include "training/ranks.h"
#include "training/train.h"

namespace dfd {

struct NetworkTraining {
  std::optional<int> size;  // Side of the network's input, pixels; none: the backbone's own.
  Metadata settings;        // Of a new backbone, in place of its kind's.
  int unfreeze = -1;        // Last layers of the backbone that are trained; -1: all.
  int window = 0;  // Samples in the model's window, of those read of a clip; 0: all of them.
  std::int64_t steps = 5000;
  int pairs = 16;  // Of a real and a fake window, in a step.
  int group = 16;  // Pictures whose batch norm statistics are taken together.
  double learning_rate = 1e-3;
  double weight_decay = 0.02;
  double label_smoothing = 0.02;
  double average = 0.998;
  double keep = 0;  // As NetworkOptions has it.
  FakeParts fakes{1, 0};
  std::int64_t autoencoder_steps = kAutoencoderSteps;  // Of each, where there are reconstructions.
  double recoded = 0.5;  // Part of the pairs, when they are hardest, of crops that were H.264.
  std::optional<double> videos;  // As PairOptions has it.
  // The curriculum is done after this part of the steps: large differences and light changes first,
  // or nothing is learned from scratch.
  double easy_part = 0.4;
  int validation_pairs = 256;
  // Of the real windows that validate, which the threshold may flag; none: it is 0.5.
  std::optional<double> target_fpr;
  std::int64_t validate_every = 250;  // Steps; a checkpoint is written then, too.
  int threads = 0;                    // That make pictures; 0: as many as there are cores.
  bool lossless = true;               // Kept crops.
  // Of the machine, like the threads: a training may go on with others.
  std::string device = "auto";
  Precision precision = Precision::kAuto;
};

// Writes the model of the best validation loss to options.output at the end, or once stop is set or
// the time is over; output.resume holds all that is needed to go on, and a resumed training gives
// what an undisturbed one gives: everything depends on seed and step alone. Of several ranks, which
// all call this with the same options, each does a part of every step and gets all reports; rank 0
// writes. The model is one process's but for rounding. Throws Error as train_head() and Ranks.
TrainOutcome train_network(const TrainOptions& options, const NetworkTraining& training,
                           const TrainReports& reports, const std::atomic<bool>& stop,
                           Ranks& ranks);

}  // namespace dfd
