// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model has seen of a data set, by the digests in its metadata.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/clip.h"
#include "model/model_config.h"

namespace dfd {

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
