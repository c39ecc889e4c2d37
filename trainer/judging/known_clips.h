// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model has seen of a data set, by the digests in its metadata.

#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "data/clip.h"
#include "model/model_config.h"

namespace dfd {

// Short digests that a model's record of its training has under "train_digests" or
// "validation_digests"; none where it has no such key.
std::set<std::string> digests_in(const Metadata& training, const char* key);

// The clips of a data set as the model stands to them.
struct KnownClips {
  std::vector<Clip> train;   // It was trained on them.
  std::vector<Clip> judged;  // It has not seen them, as far as it says.
  std::size_t known = 0;     // Of those that would be judged otherwise.
  std::string name;          // Of what is judged: "test list", "unlisted clips" or "unknown".
};

// clips: with digests. Where some have a split, those of the others than test are not judged, nor
// those without one.
KnownClips find_known(const std::vector<Clip>& clips, const ModelConfig& config);

}  // namespace dfd
