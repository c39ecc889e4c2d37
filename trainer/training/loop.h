// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The next epoch of a training.

#pragma once

#include "training/state.h"
#include "training/training_data.h"

namespace dfd {

// Goes once over the training side, in an order that is the epoch's own, validates, and keeps the
// head when it is the best so far. Throws Error(kInference) when a loss is no number any more.
EpochReport run_epoch(const TrainOptions& options, const TrainingData& data, TrainingState& state);

}  // namespace dfd
