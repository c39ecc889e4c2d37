// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed recipe's head: LSTM over T embeddings, then Linear, ReLU, Linear. Gives logits; the
// sigmoid comes last, with the calibration. Dropouts of training are not part of it.

#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "model/model_config.h"
#include "model/weights.h"

namespace dfd {

// One layer, weights as in torch.nn.LSTM: rows are the gates input, forget, cell, output.
struct LstmLayer {
  at::Tensor input_weight;      // float [4 H, D or H]
  at::Tensor recurrent_weight;  // float [4 H, H]
  at::Tensor bias;              // float [4 H]: both of PyTorch's, summed.
};

// Thread-compatible after construction; step() and classify() only read.
class LstmHead {
 public:
  // Takes lstm.* and classifier.0/3.*; moves them to the device. Throws Error(kUnsupportedModel).
  LstmHead(TensorSource& source, const HeadSizes& sizes, const at::Device& device);

  // One time step of M rows: embeddings float [M, D]; hidden, cell float [layers, M, H] are
  // replaced.
  void step(const at::Tensor& embeddings, at::Tensor& hidden, at::Tensor& cell) const;

  at::Tensor classify(const at::Tensor& hidden) const;  // float [M, H] of the last layer -> [M]

  const HeadSizes& sizes() const { return sizes_; }
  const at::Device& device() const { return device_; }

 private:
  HeadSizes sizes_;
  at::Device device_;
  std::vector<LstmLayer> layers_;
  at::Tensor classifier_weight_, classifier_bias_, output_weight_, output_bias_;
};

}  // namespace dfd
