// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Inception-ResNet v2 (Szegedy et al. 2016) as timm has it, after Cadene's port of TensorFlow's:
// for weights of classifiers that were trained on pictures, or on forged faces.

#pragma once

#include "backbone/backbone.h"

namespace dfd {

constexpr const char* kInceptionResnetV2 = "inception_resnet_v2";

// 54,306,464 weights; 13.2 GMAC at 299 pixels, 2.9 at 160; 75 to 1024 pixels. An embedding is the
// mean of the last map, 1536 numbers, as they are. The feature map is repeat_1's, float [N, 1088,
// h, w]: 17x17 for 299 pixels, 8x8 for 160.
BackboneKind inception_resnet_v2_kind();

}  // namespace dfd
