// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Between a picture as it is stored and as it is upright. The library works upright; what it gives
// and takes at its edge is as stored.

#pragma once

#include <array>

#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/report.h"

namespace dfd {

// All of them, in the order of their numbers.
inline constexpr std::array kOrientations{Orientation::kIdentity,  Orientation::kRotate90,
                                          Orientation::kRotate180, Orientation::kRotate270,
                                          Orientation::kMirror,    Orientation::kFlip,
                                          Orientation::kTranspose, Orientation::kTransverse};

// A picture's orientation and its size as stored.
struct Turn {
  Orientation orientation = Orientation::kIdentity;
  cv::Size stored;

  bool operator==(const Turn& other) const {
    return orientation == other.orientation && stored == other.stored;
  }
  bool operator!=(const Turn& other) const { return !(*this == other); }
};

inline Turn turn_of(const FrameView& view) { return {view.orientation, {view.width, view.height}}; }

cv::Size upright_size(const Turn& turn);
inline cv::Size upright_size(const FrameView& view) { return upright_size(turn_of(view)); }

// In pixels from the picture's corner; in parts of a box that turns along with a stored size of
// 1x1.
RectF to_upright(const RectF& stored, const Turn& turn);
RectF to_stored(const RectF& upright, const Turn& turn);
cv::Rect to_upright(const cv::Rect& stored, const Turn& turn);
cv::Rect to_stored(const cv::Rect& upright, const Turn& turn);

// A copy, or the picture itself where nothing is to be done.
cv::Mat to_upright(const cv::Mat& stored, Orientation orientation);

Heatmap to_upright(const Heatmap& stored, Orientation orientation);
Heatmap to_stored(const Heatmap& upright, Orientation orientation);

}  // namespace dfd
