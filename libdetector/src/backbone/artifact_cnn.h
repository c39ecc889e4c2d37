// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small network that reads traces of forgery: a residual CNN (He et al. 2016) over the picture
// beside its high-pass residual, as steganalysis has it (Fridrich and Kodovsky 2012; Ye et al.
// 2017). 733,840 weights and factors, 0.19 GMAC at 128 pixels; a feature map of S / 8 places a
// side, 512 numbers a face.

#pragma once

#include "backbone/backbone.h"

namespace dfd {

constexpr const char* kArtifactCnn = "artifact_cnn";

BackboneKind artifact_cnn_kind();

}  // namespace dfd
