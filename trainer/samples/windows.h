// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From embeddings of clips to windows, as heads take them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

#include "data/clip.h"
#include "samples/embeddings.h"

namespace dfd {

// Clips that have a face, as windows: one of each chosen track.
struct Windows {
  std::vector<Clip> clips;
  std::vector<double> rates;  // Of each clip, its sample rate in hertz; 0 when unknown.
  // Of each window, float [T, D]: one by one, as the clips of a whole data set are not copied into
  // one piece.
  std::vector<at::Tensor> embeddings;
  std::vector<std::size_t> clip_of;  // Of each window.
  std::size_t without_face = 0;      // Clips that are left out.
  std::size_t failed = 0;            // Likewise: could not be read.
};

// embeddings: of each clip. frames: T.
Windows make_windows(const std::vector<Clip>& clips, const std::vector<ClipEmbeddings>& embeddings,
                     int frames);

// Some windows' embeddings, float [N, T, D].
at::Tensor batch_of(const Windows& windows, const std::vector<std::int64_t>& which);

// double [N], 1 is fake, of each window.
at::Tensor labels_of(const Windows& windows);

}  // namespace dfd
