// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pictures of one clip.

#pragma once

#include <functional>

#include <opencv2/core.hpp>

#include "detector/geometry.h"
#include "drawn/clip_plan.h"

namespace dfd {

constexpr int kSynthesisFps = 25;
constexpr int kSynthesisWidth = 320;
constexpr int kSynthesisHeight = 256;

// What is truly in a frame, in its pixels.
struct FrameTruth {
  RectF box;
  FaceLandmarks landmarks;
};

// Draws a clip of that plan; calls with every picture (CV_8UC3, RGB) and its truth.
void draw_clip(const ClipPlan& plan, double seconds,
               const std::function<void(const cv::Mat&, const FrameTruth&)>& frame);

}  // namespace dfd
