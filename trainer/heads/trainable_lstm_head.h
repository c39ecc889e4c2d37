// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The twin of window/lstm_head.h that gradients go through.

#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include "window/lstm_head.h"

namespace dfd {

// Names and order of the layers are those of the seed's class, without its final sigmoid: the loss
// takes logits.
struct TrainableLstmHead : torch::nn::Module {
  explicit TrainableLstmHead(const HeadSizes& sizes);

  // float [N, T, D] -> logits [N]
  at::Tensor forward(const at::Tensor& embeddings);

  torch::nn::LSTM lstm;
  torch::nn::Sequential classifier;
};

}  // namespace dfd
