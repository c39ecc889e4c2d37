// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All that a training from pictures reads: clips, the network that it begins with, crops and what
// is made of them.

#pragma once

#include <optional>
#include <string>

#include "model/weights.h"
#include "samples/crop_store.h"
#include "samples/master_crops.h"
#include "samples/picture_pairs.h"
#include "scoring/model_parts.h"
#include "training/clips.h"
#include "training/ranks.h"
#include "training/train_network.h"

namespace dfd {

// One side, with its kept crops.
struct PictureSide {
  MasterClips clips;
  std::optional<PicturePairs> pairs;    // As they are learned from.
  std::optional<PicturePairs> windows;  // To validate on: as many samples as are served.
};

struct PictureData {
  TrainingClips clips;
  SamplingRule rule;
  BackboneParts backbone;
  TensorMap head;             // Of the model whose backbone it is; empty where there is none.
  std::string head_type;      // That is trained.
  std::vector<Trace> traces;  // That it learns to see, each by a row; empty: it tells no kinds.
  int fake_index = 1;         // Of a backbone that classifies by itself.
  int window = 0;             // Samples that the model's window has,
  int samples = 0;            // and those that are learned from.
  std::optional<CropStore> store;
  PictureSide train, validation;
};

// Cuts, encodes and reconstructs what is not kept yet, each rank its share. Throws as
// train_network().
void load(const TrainOptions& options, const NetworkTraining& training,
          const EmbedProgress& progress, Ranks& ranks, PictureData& data);

}  // namespace dfd
