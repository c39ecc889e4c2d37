// SPDX-License-Identifier: LGPL-2.1-or-later
//
// InceptionResnetV1 as in facenet-pytorch (Schroff et al. 2015; Szegedy et al. 2016).

#pragma once

#include <string>

#include "backbone/conv_backbone.h"
#include "model/weights.h"

namespace dfd {

constexpr const char* kInceptionResnetV1 = "inception_resnet_v1";

BackboneKind inception_resnet_v1_kind();

// facenet-pytorch's pictures: 160 x 160, (x - 127.5) / 128.
InputRule facenet_input();

// Each row of embed() has length 1. S >= 75. The feature map is repeat_2's, float [N, 896, h, w],
// the last one with more than a few places: 8x8 for S = 160.
class InceptionResnetV1 : public ConvBackbone {
 public:
  // Takes the tensors by PyTorch's names, each behind prefix. Throws Error(kUnsupportedModel).
  InceptionResnetV1(TensorSource& source, const std::string& prefix);

  static TensorMap random_weights(std::uint64_t seed);
};

}  // namespace dfd
