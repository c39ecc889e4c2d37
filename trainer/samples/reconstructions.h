// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Real crops beside what autoencoders make of them, made once and kept.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/progress.h"
#include "samples/autoencoder.h"
#include "samples/autoencoder_training.h"
#include "samples/crop_store.h"
#include "samples/master_crops.h"

namespace dfd {

// One of each kind on training.device, trained on crops of the real clips, or found in the cache
// folder, where each is kept in a file of its own. A damaged one is said, set aside and trained
// anew. training.side is made smaller where crops are. Throws Error: as train_autoencoder() does;
// kIo.
std::vector<Autoencoder> kept_autoencoders(const MasterClips& clips, const CropStore& store,
                                           const AutoencoderTraining& training,
                                           const std::string& cache, const Say& say);

// Fills clips.reconstructed, and where recoded is set clips.recoded_reconstructed; makes and keeps
// what the store lacks. Crops become smaller first: by a factor of the clip's own from 0.6 to 1,
// since no generator's resolution is that of a crop. How many of the autoencoders a clip gets, in
// turn from one of its own, depends on its crops: about 16 reconstructions, but by one autoencoder
// at least. clips: with digests. Throws Error(kIo).
void reconstruct_clips(MasterClips& clips, const std::vector<Autoencoder>& autoencoders,
                       bool recoded, CropStore& store, const EmbedProgress& progress);

}  // namespace dfd
