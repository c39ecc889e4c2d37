// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The clips of a training, on their sides.

#pragma once

#include <string>

#include "data/manifest.h"
#include "data/progress.h"
#include "data/split.h"
#include "training/train.h"

namespace dfd {

struct TrainingClips {
  Manifest manifest;  // All clips and their sides, with digests; named as from the output's folder.
  Sides sides;
  std::string digest;  // SHA-256 of the names and digests of those that train and validate.
};

// What options.data names, split as the options say. What is left out is said. Throws Error: the
// data set's, the split's; kInvalidArgument when a manifest has no split, or all clips that train
// are pictures and no sample rate is given.
TrainingClips read_training_clips(const TrainOptions& options, const Say& say);

}  // namespace dfd
