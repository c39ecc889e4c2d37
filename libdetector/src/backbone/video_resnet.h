// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ResNets of 18 layers over clips (Tran et al. 2018) as torchvision has them: R3D, whose kernels
// all reach over time; MC3, whose later ones are of one picture; R(2+1)D, whose kernels are split
// into one over the picture and one over time.

#pragma once

#include "backbone/backbone.h"

namespace dfd {

constexpr const char* kR3d18 = "r3d_18";
constexpr const char* kMc318 = "mc3_18";
constexpr const char* kR2Plus1d18 = "r2plus1d_18";

// Settings: "frames"; "classes", where it keeps its classifier, fc. Without, an embedding is the
// mean of the last map, 512 numbers. 16 to 512 pixels. The feature map is layer3's, float [N, 256,
// t, h, w]: 14x14 for 112 pixels; t is T / 4, rounded up, of MC3 T.
//
// Weights without fc, and multiply-adds of 16 frames of 112 pixels:
BackboneKind r3d_18_kind();       // 33,166,272; 40.7 G
BackboneKind mc3_18_kind();       // 11,490,240; 43.3 G
BackboneKind r2plus1d_18_kind();  // 31,300,125; 40.5 G

}  // namespace dfd
