// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From crops to embeddings, once per clip: the frozen backbone's part of training.

#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/backbone.h"
#include "data/clip.h"
#include "data/progress.h"
#include "samples/crops.h"

namespace dfd {

struct ClipEmbeddings {
  // Each float [n, D], 1 <= n <= T, of a network over clips [1, D]; none: no face was found.
  std::vector<at::Tensor> tracks;
  double sample_rate = 0;
  bool failed = false;  // The clip could not be read.
};

// Embeddings of each clip, from the cache folder where they are known, else computed and put there,
// from crops that are kept there too: another backbone finds them again.
// The key of embeddings holds the clip's digest, the backbone's (in info) and the rule. Clips that
// cannot be read are said and marked; damaged cache files are said, set aside and made anew. clips:
// with digests.
std::vector<ClipEmbeddings> embed_clips(const std::vector<Clip>& clips, const Backbone& network,
                                        const BackboneInfo& info, const SamplingRule& rule,
                                        const std::string& cache, const EmbedProgress& progress);

}  // namespace dfd
