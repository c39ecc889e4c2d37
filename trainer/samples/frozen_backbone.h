// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The backbone that training leaves as it is: from a file, or a random one for demonstrations.

#pragma once

#include <string>
#include <vector>

#include "backbone/inception_resnet_v1.h"
#include "data/dataset.h"
#include "model/model_config.h"
#include "samples/crops.h"

namespace dfd {

// A frozen backbone and where it came from.
struct Backbone {
  InceptionResnetV1 network;
  TensorMap tensors;  // Unfolded, for the model file.
  BackboneInfo info;
  InputRule input;  // Size, mean and std.
};

// "random:SEED", calibrated on crops of the clips, or a file of kind "backbone" or "model".
Backbone load_backbone(const std::string& name, const std::vector<Clip>& clips,
                       const SamplingRule& rule, const Say& say);

}  // namespace dfd
