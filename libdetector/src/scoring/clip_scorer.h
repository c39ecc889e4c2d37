// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Serving of networks over whole clips: a track's window is its last T crops, and the network runs
// over all of them each time that it is full.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "scoring/model_parts.h"
#include "scoring/scorer.h"

namespace dfd {

// What makes a clip of fewer crops than it takes: their indices there and back, 0 1 2 1 0 1 for
// count 3 and length 6. Both >= 1; of more crops than that the first.
std::vector<std::size_t> there_and_back(std::size_t count, std::size_t length);

// Crops of one track, CV_8UC3, the oldest first -> float [1, T, 3, S, S].
at::Tensor to_clip(const std::vector<cv::Mat>& crops, int length, const InputRule& rule);

// networks: of config, not folded; the backbone takes clips. On a CUDA device crops are made on the
// host: a clip network costs a thousand times as much. Each window keeps T crops of S x S x 3
// bytes: 16 of 112 pixels are 600 kB, 32 of 224 pixels 4.8 MB. type: of the backbone.
std::unique_ptr<Scorer> make_clip_scorer(Networks networks, const ModelConfig& config,
                                         const at::Device& device, at::ScalarType type);

}  // namespace dfd
