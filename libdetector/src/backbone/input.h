// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The only way from pixels to the backbone: training and serving call these two functions.

#pragma once

#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/geometry.h"
#include "model/model_config.h"

namespace dfd {

// The square RGB picture [S, S] of a face's box, or of the whole frame without one. The box gets
// the rule's margin, is cut at the frame's edge, rounded outwards as facenet-pytorch's is, and
// stretched. Empty when nothing of the box lies in the frame.
cv::Mat crop_input(const FrameView& view, const std::optional<RectF>& box, const InputRule& rule);

// Crops of equal size, CV_8UC3 -> float32 [N, 3, S, S], (value - mean) / std.
at::Tensor to_network_input(const std::vector<cv::Mat>& crops, const InputRule& rule);

}  // namespace dfd
