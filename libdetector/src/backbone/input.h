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

// Where a crop lies in a frame. Pixels of the frame are those of the upright one.
struct CropPlan {
  FrameView view;                      // Borrowed pixels: must outlive the crop's making.
  cv::Rect region;                     // The part of the frame that is read; not empty.
  std::optional<cv::Matx23d> to_crop;  // From frame to crop, x -> m x + t in pixels from the
                                       // corner; none: the region is stretched to the crop.
};

// The plan of crop_frame(); always there.
std::optional<CropPlan> plan_frame(const FrameView& view, const InputRule& rule);

// The plan of crop_face(); none when nothing of the face lies in the frame.
std::optional<CropPlan> plan_face(const FrameView& view, const RectF& box,
                                  const std::optional<FaceLandmarks>& landmarks,
                                  const InputRule& rule);

// Where the crop lies in the frame, in pixels: the region, or of an aligned crop the upright
// rectangle around its turned square, which may reach out of the frame.
cv::Rect2d outline_of(const CropPlan& plan, const InputRule& rule);

// How a plan's region becomes the crop: it is averaged to a grid of this size first, so that no
// pixel of a large face is passed over, and then turned.
struct CropGrid {
  cv::Size size;
  std::optional<cv::Matx23d> to_crop;  // From grid to crop, counted from the middle of the first
                                       // pixel as OpenCV does; none: the grid is the crop.
};
CropGrid grid_of(const CropPlan& plan, const InputRule& rule);

// The crop, CV_8UC3, RGB, [S, S].
cv::Mat make_crop(const CropPlan& plan, const InputRule& rule);

// The square RGB picture [S, S] of the whole frame, stretched.
cv::Mat crop_frame(const FrameView& view, const InputRule& rule);

// The square RGB picture [S, S] of a face, by the rule. Empty when nothing of it lies in the frame.
//  - kAligned: turned, moved and scaled so that the landmarks, which must be given, come to lie in
//    fixed places, as far as a similarity can (least median of squares: one misplaced landmark does
//    no harm); outside the frame its mirror image.
//  - kSquare: around the middle of the box, margin times its longer side; outside the frame its
//    mirror image.
//  - else: the box with its margin, cut at the frame's edge, rounded outwards as facenet-pytorch's
//    is, and stretched.
cv::Mat crop_face(const FrameView& view, const RectF& box,
                  const std::optional<FaceLandmarks>& landmarks, const InputRule& rule);

// Crops of equal size, CV_8UC3 -> float32 [N, 3, S, S], (value - mean) / std.
at::Tensor to_network_input(const std::vector<cv::Mat>& crops, const InputRule& rule);

}  // namespace dfd
