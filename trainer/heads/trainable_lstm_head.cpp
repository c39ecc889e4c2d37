// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_lstm_head.h"

#include <tuple>

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/dropout.h>

namespace dfd {

TrainableLstmHead::TrainableLstmHead(const HeadSizes& given)
    : sizes(given),
      lstm(register_module("lstm",
                           torch::nn::LSTM(torch::nn::LSTMOptions(sizes.embedding, sizes.hidden)
                                               .num_layers(sizes.layers)
                                               .batch_first(true)
                                               .dropout(0.5)))),
      classifier(register_module(
          "classifier", torch::nn::Sequential(torch::nn::Linear(sizes.hidden, sizes.classifier),
                                              torch::nn::ReLU(), torch::nn::Dropout(0.5),
                                              torch::nn::Linear(sizes.classifier, 1)))) {}

at::Tensor TrainableLstmHead::forward(const at::Tensor& embeddings) {
  const at::Tensor output = std::get<0>(lstm->forward(embeddings));
  return classifier->forward(output.select(1, output.size(1) - 1));
}

}  // namespace dfd
