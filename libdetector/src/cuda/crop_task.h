// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From plans of crops to tasks of a kernel, and to the bytes of a frame that they need.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "backbone/input.h"
#include "cuda/crop_pixel.h"
#include "detector/frame.h"

namespace dfd {

// Which sample of its plane each plane's data points at; those before it are not there.
using PlaneOrigins = std::array<cv::Point, 3>;

// The view's planes may be of any memory: nothing is read. region lies inside the frame.
CropTask make_task(const FrameView& view, const cv::Rect& region, const CropGrid& grid,
                   const PlaneOrigins& origins = {});

// The part of a plane that a region of the frame needs.
struct PlanePart {
  std::size_t plane;
  cv::Rect samples;  // Of the plane: of chroma, half as many a side as the frame has.
  int sample_bytes;

  std::size_t row_bytes() const {
    return static_cast<std::size_t>(samples.width) * static_cast<std::size_t>(sample_bytes);
  }
  std::size_t bytes() const { return row_bytes() * static_cast<std::size_t>(samples.height); }
};
std::vector<PlanePart> needed_parts(const FrameView& view, const cv::Rect& region);

// Copies a part of a host frame, row after row, to bytes() bytes.
void copy_part(const FrameView& view, const PlanePart& part, std::uint8_t* to);

}  // namespace dfd
