// SPDX-License-Identifier: LGPL-2.1-or-later
//
// InceptionResnetV1 as in facenet-pytorch (Schroff et al. 2015; Szegedy et al. 2016), frozen.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/backbone.h"
#include "backbone/cpu_plans.h"
#include "backbone/layers.h"
#include "model/weights.h"

namespace dfd {

constexpr const char* kInceptionResnetV1 = "inception_resnet_v1";

BackboneKind inception_resnet_v1_kind();

// facenet-pytorch's pictures: 160 x 160, (x - 127.5) / 128.
InputRule facenet_input();

class InceptionResnetV1 : public Backbone {
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
  void calibrate(const at::Tensor& crops) override;

  // Folds the batch norms into the convolutions and moves the weights. On the CPU oneDNN's
  // primitives run it where the library was built with them, else LibTorch's operators on
  // channels-last tensors.
  void fold(const at::Device& device, at::ScalarType type = at::kFloat) override;

  // Each row has length 1. S >= 75.
  at::Tensor embed(const at::Tensor& crops) const override { return embed(crops, Probe()); }
  std::int64_t embedding_size() const override { return layers_->last.weight.size(0); }

  // The same; a probe sees LibTorch's operators at work.
  at::Tensor embed(const at::Tensor& crops, const Probe& probe) const;

  // In LibTorch's operators. The map is repeat_2's, float [N, 896, h, w], 8x8 for S = 160.
  bool has_feature_map() const override { return true; }
  at::Tensor feature_map(const at::Tensor& crops) const override;
  at::Tensor embed_map(const at::Tensor& map) const override;

  TensorMap tensors() const override;

 private:
  std::shared_ptr<Layers> layers_;
  std::shared_ptr<CpuPlans> plans_;  // Folded on the CPU only.
};

}  // namespace dfd
