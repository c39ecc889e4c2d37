// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a training is made of while it runs.

#pragma once

#include <torch/optim/adam.h>

#include "heads/trainable_lstm_head.h"
#include "model/weights.h"
#include "training/train.h"

namespace dfd {

// All that changes from epoch to epoch.
struct TrainingState {
  // Of a training that begins. Sets LibTorch's seed, which the head's first weights come from.
  TrainingState(const TrainOptions& options, const HeadSizes& sizes);

  TrainableLstmHead head;
  torch::optim::Adam optimizer;
  int epoch = 0;   // The last that is done, from 1.
  TensorMap best;  // The head's tensors after its best epoch; empty before the first.
  EpochReport best_report;
};

}  // namespace dfd
