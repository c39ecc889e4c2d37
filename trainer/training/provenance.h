// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model records of its training, however it was trained.

#pragma once

#include <string>
#include <vector>

#include "data/clip.h"
#include "data/manifest.h"
#include "model/model_config.h"
#include "training/train.h"

namespace dfd {

// What the options say, else the median over those rates, in hertz, that are not 0. Throws
// Error(kInvalidArgument) when there is none.
Rate rate_of(const TrainOptions& options, std::vector<double> rates);

struct Provenance {
  const Manifest& manifest;
  const std::string& data_digest;
  const std::vector<Clip>& train;  // With a face.
  const std::vector<Clip>& validation;
  const SamplingRule& rule;
};
Metadata to_metadata(const TrainOptions& options, const Provenance& of);

// A folder's manifest is written beside the model; one that was given is kept by whoever gave it.
bool makes_manifest(const TrainOptions& options);
std::string manifest_path(const TrainOptions& options);

}  // namespace dfd
