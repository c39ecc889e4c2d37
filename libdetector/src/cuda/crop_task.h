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

// Does the kernel read such frames where they lie? Else the plan of the same crop from its region
// as RGB, which is made on the host (of a frame in a device's memory there, and brought here).
// pixels must outlive the crop's making.
bool is_read_by_kernel(const FrameView& view);
CropPlan plan_from_pixels(const CropPlan& plan, const cv::Mat& pixels);

// Which sample of its plane each plane's data points at; those before it are not there.
using PlaneOrigins = std::array<cv::Point, 3>;

// The view, one that the kernel reads, may be of any memory: nothing is read here. region lies
// inside the frame.
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
