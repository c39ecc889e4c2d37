// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The twin of window/lstm_head.h that gradients go through.

#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>

#include "heads/trainable_head.h"
#include "window/lstm_windows.h"

namespace dfd {

// Names and order of the layers are those of the seed's class, without its final sigmoid: the loss
// takes logits.
struct TrainableLstmHead : TrainableHead {
  explicit TrainableLstmHead(const HeadSizes& sizes);

  at::Tensor forward(const at::Tensor& embeddings) override;
  HeadInfo info() const override { return to_info(sizes); }

  HeadSizes sizes;
  torch::nn::LSTM lstm;
  torch::nn::Sequential classifier;
};

}  // namespace dfd
