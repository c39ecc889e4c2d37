// SPDX-License-Identifier: LGPL-2.1-or-later
//
// InceptionResnetV1 as in facenet-pytorch (Schroff et al. 2015; Szegedy et al. 2016), frozen.
//
// Tensor convention of the project: N samples, C channels, H rows, W columns, T samples of a
// window, D embedding size. Pictures are RGB; network inputs are float32 [N, 3, H, W].

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "model/weights.h"

namespace dfd {

constexpr std::int64_t kEmbeddingSize = 512;  // D

// One convolution with what follows it. Unfolded: convolution, batch norm (eps 1e-3), ReLU. Folded,
// the batch norm's factors are in weight and bias.
struct ConvUnit {
  std::string name;  // Of the weights, such as "repeat_1.0.branch0".
  at::Tensor weight, bias;
  at::Tensor gamma, beta, mean, variance;  // Undefined when folded.
  std::vector<std::int64_t> stride, padding;
};

// Thread-compatible; embed() of one object may run on several threads once it is folded or left as
// it is. Holds no gradients.
class InceptionResnetV1 {
 public:
  // Called with every stage's name and output, to find a fault: tests compare the figures.
  using Probe = std::function<void(const std::string& stage, const at::Tensor& output)>;

  // Takes the tensors by PyTorch's names, each behind prefix. Throws Error(kUnsupportedModel).
  InceptionResnetV1(TensorSource& source, const std::string& prefix);

  // Weights from a normal distribution (He et al. 2015), batch norms neutral: of no use before
  // calibrate().
  static TensorMap random_weights(std::uint64_t seed);

  // Sets each batch norm's statistics to those of its input over this one batch, float [N, 3, S,
  // S], as training would have. Without it, a random backbone's embeddings are nearly constant.
  void calibrate(const at::Tensor& crops);

  // Folds the batch norms into the convolutions, makes the weights channels-last, moves them. The
  // serving path; cannot be undone.
  void fold(const at::Device& device);

  // float [N, 3, S, S] -> [N, 512], each row of length 1. S >= 75.
  at::Tensor embed(const at::Tensor& crops, const Probe& probe = {}) const;

  TensorMap tensors() const;  // By PyTorch's names, without prefix; not after fold().

 private:
  struct Block;
  struct Layers;

  at::Tensor run(const ConvUnit& unit, const at::Tensor& x) const;
  at::Tensor run(const std::vector<ConvUnit>& chain, at::Tensor x) const;
  at::Tensor run(const Block& block, const at::Tensor& x) const;
  at::Tensor pooled_features(const at::Tensor& crops, const Probe& probe) const;
  std::vector<ConvUnit*> units();
  static at::Tensor normalise(const ConvUnit& unit, const at::Tensor& x, bool calibrating);

  std::shared_ptr<Layers> layers_;  // shared_ptr: the type is private to the .cpp.
  bool calibrating_ = false;
};

}  // namespace dfd
