// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What windows' logits are worth in training.

#pragma once

#include <ATen/ATen.h>

namespace dfd {

// Binary cross entropy of each window, float [N]. logits: float [N, 1], or [N, 2] by kEvidence.
// labels: float [N], 1 is fake; evidence: float [N, 2], as PictureBatch has them. smoothing: of the
// labels, [0, 1): 0.5 is what all come to at 1.
//
// Of two logits each learns where its evidence is known; where none is, the larger of the two,
// which is the window's score, learns the label: whatever a fake shows, one of them must see it.
at::Tensor window_losses(const at::Tensor& logits, const at::Tensor& labels,
                         const at::Tensor& evidence, double smoothing);

}  // namespace dfd
