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

// Keys of a model's record of its training: short digests of the clips that it was trained on, that
// chose among its states, and that its calibration was fitted to.
constexpr const char* kTrainDigests = "train_digests";
constexpr const char* kValidationDigests = "validation_digests";
constexpr const char* kCalibrationDigests = "calibration_digests";

// Those under one of the keys; none where there is none. And as they are kept.
std::set<std::string> digests_in(const Metadata& training, const char* key);
std::string joined(const std::set<std::string>& digests);

// The clips of a data set as the model stands to them.
struct KnownClips {
  std::vector<Clip> train;                   // It was trained on them.
  std::set<std::string> trained_recordings;  // That those show.
  std::vector<Clip> judged;                  // It has not seen them, as far as it says.
  std::size_t known = 0;                     // Of those that would be judged otherwise.
  std::string name;  // Of what is judged: "test list", "unlisted clips" or "unknown".
};

// clips: with digests. Where some have a split, those of the others than test are not judged, nor
// those without one.
KnownClips find_known(const std::vector<Clip>& clips, const ModelConfig& config);

}  // namespace dfd
