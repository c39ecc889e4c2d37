// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed recipe's head: LSTM over T embeddings, then Linear, ReLU, Linear. Gives logits; the
// sigmoid comes last, with the calibration. Dropouts of training are not part of it.

#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "model/weights.h"

namespace dfd {

// The seed recipe's.
struct HeadSizes {
  std::int64_t embedding = 512;
  std::int64_t hidden = 512;
  std::int64_t layers = 2;
  std::int64_t classifier = 256;
};

// One layer of torch.nn.LSTM, packed for the device. Rows of the weights are the gates input,
// forget, cell, output.
struct LstmLayer {
  // The first layer's [4 H, D], its recurrent part apart: all lanes of a track have the same input.
  at::Tensor input_weight;
  // [4 H, H] in the first layer; in the others [4 H, 2 H], of input and state side by side: one
  // product a layer.
  at::Tensor recurrent_weight;
  at::Tensor bias;  // float [4 H]: both of PyTorch's, summed.
};

// Thread-compatible after construction; step() and classify() only read.
class LstmHead {
 public:
  // Takes lstm.* and classifier.0/3.*; moves them to the device. type: of the weights and factors
  // of the products, kFloat, kBFloat16 or, on CUDA, kHalf; states and sums stay float. Throws
  // Error(kUnsupportedModel).
  LstmHead(TensorSource& source, const HeadSizes& sizes, const at::Device& device,
           at::ScalarType type = at::kFloat);

  // One time step. embeddings float [N, D]; hidden, cell float [layers, M, H] are replaced. owner:
  // long [M], the embedding that each row of states gets; not given: M = N, one each.
  void step(const at::Tensor& embeddings, at::Tensor& hidden, at::Tensor& cell,
            const at::Tensor& owner = {}) const;

  at::Tensor classify(const at::Tensor& hidden) const;  // float [M, H] of the last layer -> [M]

  // The same with plain float weights in memory of its own: gradients pass it, and it is slower.
  LstmHead differentiable() const;

  const HeadSizes& sizes() const { return sizes_; }
  const at::Device& device() const { return device_; }

 private:
  at::Tensor pack(const at::Tensor& weight) const;
  at::Tensor product(const at::Tensor& x, const at::Tensor& weight) const;  // -> float

  HeadSizes sizes_;
  at::Device device_;
  at::ScalarType type_;
  std::vector<LstmLayer> layers_;
  at::Tensor classifier_weight_, classifier_bias_, output_weight_, output_bias_;
};

}  // namespace dfd
