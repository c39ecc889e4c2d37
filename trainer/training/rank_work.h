// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the ranks of a training do before it begins: clips are shared among them.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/progress.h"
#include "samples/crop_store.h"
#include "samples/crops.h"
#include "samples/master_crops.h"
#include "training/ranks.h"

namespace dfd {

// Ranks with other clips would learn from each other's mistakes, and nobody would notice. identity:
// of data and options. Throws Error(kInvalidArgument) on each rank whose own is not rank 0's.
void require_same(const std::string& identity, bool resumed, Ranks& ranks);

// Does what takes long, on all ranks, with a progress by which they hear from each other as they go
// on: one that is killed meanwhile is noticed. Returns when all are done. Throws as the work and
// Ranks.
void in_company(Ranks& ranks, const EmbedProgress& progress,
                const std::function<void(const EmbedProgress&)>& work);

// This rank's part of the clips.
std::vector<Clip> share_of(const std::vector<Clip>& clips, const Ranks& ranks);

// Each rank cuts its part of the clips that the folder lacks, and keeps them there; when this
// returns, all have done so. With a single process there is nothing to share, and it returns at
// once. Throws as cut_master_crops() and Ranks.
void cut_shares(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                const std::string& folder, CropFormat format, Ranks& ranks,
                const EmbedProgress& progress);

// All the clips, of which the store has what other ranks have cut where they share a folder, and
// where they do not, cuts what it lacks. Returns when all ranks are as far. Throws likewise.
MasterClips cut_rest(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                     CropStore& store, Ranks& ranks, const EmbedProgress& progress);

}  // namespace dfd
