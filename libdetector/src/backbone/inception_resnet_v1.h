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

#include "backbone/cpu_plans.h"
#include "backbone/layers.h"
#include "model/weights.h"

namespace dfd {

constexpr std::int64_t kEmbeddingSize = 512;  // D

// Thread-compatible. Holds no gradients.
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

  // The serving path; cannot be undone. Folds the batch norms into the convolutions and moves the
  // weights. On the CPU oneDNN's primitives run it where the library was built with them, else
  // LibTorch's operators on channels-last tensors. type: of weights and activations, kFloat,
  // kBFloat16 or, on CUDA, kHalf; the last layer's results are float in any case.
  void fold(const at::Device& device, at::ScalarType type = at::kFloat);

  // float [N, 3, S, S] (or of the folded type) -> float [N, 512], each row of length 1. S >= 75.
  // A probe sees LibTorch's operators at work.
  at::Tensor embed(const at::Tensor& crops, const Probe& probe = {}) const;

  // embed() in two halves and in LibTorch's operators, float whatever it was folded to:
  // float [N, 3, S, S] -> repeat_2's map float [N, 896, h, w], 8x8 for S = 160 -> float [N, 512].
  // Gradients of the second half reach its map, unless the weights were made under
  // c10::InferenceMode.
  at::Tensor feature_map(const at::Tensor& crops) const;
  at::Tensor embed_map(const at::Tensor& map) const;

  TensorMap tensors() const;  // By PyTorch's names, without prefix; not after fold().

 private:
  std::shared_ptr<Layers> layers_;
  std::shared_ptr<CpuPlans> plans_;  // Folded on the CPU only.
};

}  // namespace dfd
