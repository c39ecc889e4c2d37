// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Points and rectangles in frame coordinates. Unit: pixels. Origin: the top-left corner of the
// top-left pixel; x grows right, y grows down. Values may lie outside the frame: a face may be cut
// by its edge.

#pragma once

#include <array>

#include "detector/api.h"

namespace dfd {

struct PointF {
  float x = 0.F;
  float y = 0.F;
};

struct RectF {
  float x = 0.F;
  float y = 0.F;
  float width = 0.F;   // >= 0
  float height = 0.F;  // >= 0

  bool empty() const { return width <= 0.F || height <= 0.F; }
};

// Intersection over union, in [0, 1]; 0 when either rectangle is empty.
DFD_API float iou(const RectF& a, const RectF& b);

// Left eye, right eye, nose tip, left mouth corner, right mouth corner; left as seen in the image.
using FaceLandmarks = std::array<PointF, 5>;

}  // namespace dfd
