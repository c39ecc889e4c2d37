// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The only way from pixels to the backbone: training and serving call these functions.

#pragma once

#include <optional>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/geometry.h"
#include "model/model_config.h"

namespace dfd {

// The square RGB picture [S, S] of the whole frame, stretched.
cv::Mat crop_frame(const FrameView& view, const InputRule& rule);

// The square RGB picture [S, S] of a face, by the rule. Empty when nothing of it lies in the frame.
//  - kAligned: turned, moved and scaled so that the landmarks, which must be given, come to lie in
//    fixed places, as far as a similarity can (least median of squares: one misplaced landmark does
//    no harm); outside the frame its mirror image.
//  - else: the box with its margin, cut at the frame's edge, rounded outwards as facenet-pytorch's
//    is, and stretched.
cv::Mat crop_face(const FrameView& view, const RectF& box,
                  const std::optional<FaceLandmarks>& landmarks, const InputRule& rule);

// Crops of equal size, CV_8UC3 -> float32 [N, 3, S, S], (value - mean) / std.
at::Tensor to_network_input(const std::vector<cv::Mat>& crops, const InputRule& rule);

}  // namespace dfd
