// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What windows' logits are worth in training.

#pragma once

#include <ATen/ATen.h>

namespace dfd {

// Binary cross entropy of each window, float [N]. logits: float [N, R].
// labels: float [N], 1 is fake; evidence: float [N, R], as PictureBatch has them; of one row it is
// not looked at. smoothing: of the labels, [0, 1): 0.5 is what all come to at 1.
//
// The sum over those of several logits whose evidence is known; where none is, the largest,
// which is the window's score, learns the label: whatever a fake shows, one of them must see it.
at::Tensor window_losses(const at::Tensor& logits, const at::Tensor& labels,
                         const at::Tensor& evidence, double smoothing);

}  // namespace dfd
