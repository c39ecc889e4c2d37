// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Master crops: wider and finer than a network's, so that they can be changed by chance before they
// become its input (samples/augment.h). Cut once, and kept.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/progress.h"
#include "samples/augment.h"
#include "samples/crop_store.h"
#include "samples/crops.h"

namespace dfd {

// The rule that cuts master crops for networks that are fed by that one. Throws
// Error(kInvalidArgument) for a crop rule that stretches: there is no master of it.
SamplingRule master_rule(const SamplingRule& rule);

// How a network's crop lies in them. rule: of master_rule().
AugmentOptions augment_options(const SamplingRule& rule);

struct MasterClips {
  std::vector<Clip> clips;                    // Those with a face.
  std::vector<const CropStore::Clip*> crops;  // Of each, borrowed from the store.
  // Likewise, the same crops encoded as H.264, each clip's with a quantizer of its own, 18 to 40;
  // empty where none were wanted.
  std::vector<const CropStore::Clip*> recoded;
  // Likewise, of real clips, their crops and how autoencoders see them (samples/reconstructions.h):
  // all tracks as they are, then all of them by one autoencoder, by the next, and so on; all
  // smaller alike. Null for fakes. Empty where none were wanted.
  std::vector<const CropStore::Clip*> reconstructed;
  std::vector<const CropStore::Clip*> recoded_reconstructed;  // The same, encoded as H.264.
  std::size_t without_face = 0;
  std::size_t failed = 0;  // Could not be read.
};

// What a clip's crops are encoded with, from what streams well to what a small upload is left with:
// the clip's own, whoever asks. clip: with its digest.
int quantizer_of(const Clip& clip);

// Each track encoded as H.264 and decoded again, with the clip's own quantizer. clip: with its
// digest.
ClipCrops through_encoder(const ClipCrops& crops, const Clip& clip);

// Cuts the clips that the store does not have yet, and keeps them; recoded: also encoded. Clips
// that cannot be read are said and counted. clips: with digests. Throws Error that is not the
// clip's.
MasterClips cut_master_crops(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                             CropStore& store, const EmbedProgress& progress);

}  // namespace dfd
