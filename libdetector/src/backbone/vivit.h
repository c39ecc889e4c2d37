// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ViViT as a backbone.

#pragma once

#include "backbone/backbone.h"

namespace dfd {

constexpr const char* kVivit = "vivit";

// Settings: vivit_config.h. An embedding is the class's token after the last norm, [N, hidden], or
// with "classes" the logits. 32 to 512 pixels; where these or "frames" are others than the position
// table's, it is interpolated (vivit_network.h, with the memory that it takes). It has no feature
// map; where it looked is the attention rollout of the class's token over the newest tokens,
// [N, h, w]. A random one is small: 8 frames, a table for 112 pixels, 3,002,688 weights.
BackboneKind vivit_kind();

}  // namespace dfd
