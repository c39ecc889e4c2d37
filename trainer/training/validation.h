// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a network that is being trained does on pairs that are always the same.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "judging/calibration.h"
#include "model/model_config.h"
#include "model/weights.h"
#include "samples/picture_pairs.h"
#include "training/ranks.h"
#include "training/train_network.h"

namespace dfd {

// What its served form makes of them.
struct ValidatedWindows {
  std::vector<Trace> traces;  // That the rows are of, R; empty: there is one row, of none.
  at::Tensor logits;          // float [N, R]
  at::Tensor labels;          // float [N]
  at::Tensor evidence;        // float [N, R]; both as in PictureBatch.
  at::Tensor fakes;           // float [N]; as in PictureBatch.
  at::Tensor quality;         // float [N, Q]; as in PictureBatch.
};

// tensors: of a model file; the head has a row for each of the pairs' traces, or one where they
// have none. windows: at least so many, in whole batches. threads: that make pictures. Each rank
// judges every size-th batch, and all get all of them. Throws as Ranks.
ValidatedWindows validate(const TensorMap& tensors, const ModelConfig& config,
                          const PicturePairs& pairs, std::int64_t windows, int threads,
                          Ranks& ranks);

ValidationFigures measure(const ValidatedWindows& windows);

// How scores, the larger logits, go with one quality of the pictures.
struct QualityFigures {
  double correlation = 0;  // Of real windows.
  // Of the windows with at most the first quartile of it, and with at least the third; none where
  // they are of one class.
  std::optional<double> auc_low, auc_high;
};
// By kQualities.
std::array<QualityFigures, kQualities.size()> by_quality(const ValidatedWindows& windows);

// Of the windows' logits. Those of each trace are calibrated first and the result folded
// into its row of the head, in tensors, so that one's logit means as much as another's. For
// want of other clips: deepfake-trainer calibrate does better where there are clips of both
// classes. Throws as the other calibrate().
Calibration calibrate(TensorMap& tensors, const ValidatedWindows& windows,
                      const CalibrationOptions& options);

}  // namespace dfd
