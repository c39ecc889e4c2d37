// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The backbone that training leaves as it is: from a file, or a random one for demonstrations.

#pragma once

#include <string>
#include <vector>

#include "data/clip.h"
#include "data/progress.h"
#include "model/metadata.h"
#include "model/weights.h"
#include "samples/crops.h"
#include "scoring/model_parts.h"

namespace dfd {

// A backbone is named by a file of kind "backbone" or "model", or as "random:SEED"; one that is to
// be trained from scratch as "new:KIND".
constexpr const char* kNewPrefix = "new:";
inline bool is_new(const std::string& backbone) { return backbone.rfind(kNewPrefix, 0) == 0; }

// The size, mean and deviation of its input; cheap. Throws Error: kInvalidArgument, the file's.
InputRule input_of_backbone(const std::string& name);

// Of a model whose backbone it is; nothing for others. The head's tensors, by the names in model
// files; which of two classes is the fake, 1 where it says nothing; what it says of its own
// training, keys without their "training." prefix. Throw the file's Error.
TensorMap head_of_backbone(const std::string& name);
int fake_index_of_backbone(const std::string& name);
Metadata training_of_backbone(const std::string& name);

// Folded for the CPU. A random one is calibrated on crops of the clips, which are kept in the cache
// folder. clips: with digests. Throws the same.
BackboneParts load_backbone(const std::string& name, const std::vector<Clip>& clips,
                            const SamplingRule& rule, const std::string& cache, const Say& say);

}  // namespace dfd
