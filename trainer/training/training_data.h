// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A data set as training takes it: split, embedded, and as windows.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <ATen/ATen.h>

#include "data/manifest.h"
#include "model/model_config.h"
#include "model/weights.h"
#include "samples/crops.h"
#include "samples/embeddings.h"
#include "samples/windows.h"
#include "training/ranks.h"
#include "training/train.h"

namespace dfd {

// One side of the split.
struct Side {
  Windows windows;    // At least one.
  at::Tensor labels;  // float [N], 1 is fake

  std::int64_t size() const { return labels.size(0); }
};

struct TrainingData {
  Side train, validation;
  std::size_t clips = 0;  // On both sides, those that are left out among them.
  std::string digest;     // SHA-256 of their names and digests.
  std::string split;      // Its name, as the model records it.
  Manifest manifest;      // All clips and their sides, named as from the output's folder.
  SamplingRule rule;      // With the backbone's size, mean and deviation.
  BackboneInfo backbone;
  TensorMap backbone_tensors;  // Unfolded, for the model file.
};

// Throws as make_rule.
SamplingRule rule_of(const TrainOptions& options);

// rule: that of the options. Clips that are left out are said. Throws Error: the data set's, the
// split's, the backbone's; kInvalidArgument when no clip of a side has a face, a manifest has no
// split, or clips are pictures and no sample rate is given; as Ranks. Each rank embeds a share of
// the clips, and then what it does not find in the cache of all.
TrainingData load_training_data(const TrainOptions& options, const SamplingRule& rule,
                                const EmbedProgress& progress, Ranks& ranks);

}  // namespace dfd
