// SPDX-License-Identifier: LGPL-2.1-or-later

#include "cuda/crop_task.h"

#include <algorithm>
#include <cstring>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/components.h"

namespace dfd {
namespace {

// Where a format keeps three channels: Y', Cb, Cr or R, G, B.
struct Layout {
  bool subsampled;
  std::array<std::size_t, 3> planes;
  std::array<int, 3> offsets;  // Bytes from a plane's sample to the channel's.
  std::array<int, 3> steps;    // Bytes from one sample to the next.
};

Layout layout_of(PixelFormat format) {
  const auto packed = [](std::array<int, 3> offsets, int bytes) {
    return Layout{false, {0, 0, 0}, offsets, {bytes, bytes, bytes}};
  };
  switch (format) {
    case PixelFormat::kI420:
      return {true, {0, 1, 2}, {0, 0, 0}, {1, 1, 1}};
    case PixelFormat::kYv12:
      return {true, {0, 2, 1}, {0, 0, 0}, {1, 1, 1}};
    case PixelFormat::kNv12:
      return {true, {0, 1, 1}, {0, 0, 1}, {1, 2, 2}};
    case PixelFormat::kRgb:
      return packed({0, 1, 2}, 3);
    case PixelFormat::kBgr:
      return packed({2, 1, 0}, 3);
    case PixelFormat::kRgbx:
      return packed({0, 1, 2}, 4);
    case PixelFormat::kBgrx:
      return packed({2, 1, 0}, 4);
    case PixelFormat::kXrgb:
      return packed({1, 2, 3}, 4);
    case PixelFormat::kXbgr:
      return packed({3, 2, 1}, 4);
    default:
      break;
  }
  throw Error(ErrorCode::kInternal, "a pixel format without a layout; please report it");
}

// ITU-R BT.601, 709 and 2020 by kr and kb, as base/color.cpp has them.
void set_colors(CropTask& task, const ColorEncoding& color) {
  const double chroma_scale = color.full_range ? 1.0 : 255.0 / 224.0;
  const double kg = 1 - color.kr - color.kb;
  task.offset = color.full_range ? 0.F : 16.F;
  task.scale = color.full_range ? 1.F : static_cast<float>(255.0 / 219.0);
  task.red_cr = static_cast<float>(2 * (1 - color.kr) * chroma_scale);
  task.blue_cb = static_cast<float>(2 * (1 - color.kb) * chroma_scale);
  task.green_cr = static_cast<float>(-2 * color.kr * (1 - color.kr) / kg * chroma_scale);
  task.green_cb = static_cast<float>(-2 * color.kb * (1 - color.kb) / kg * chroma_scale);
}

}  // namespace

bool is_read_by_kernel(const FrameView& view) {
  if (view.orientation != Orientation::kIdentity || view.interlaced ||
      view.color.transfer != Transfer::kSdr) {
    return false;
  }
  switch (view.format) {
    case PixelFormat::kI420:
    case PixelFormat::kYv12:
    case PixelFormat::kNv12:
      return true;
    default:
      return !is_yuv(view.format);
  }
}

CropPlan plan_from_pixels(const CropPlan& plan, const cv::Mat& pixels) {
  DFD_CHECK(pixels.type() == CV_8UC3 && pixels.size() == plan.region.size());
  CropPlan same;
  same.view.width = pixels.cols;
  same.view.height = pixels.rows;
  same.view.color.full_range = true;
  same.view.planes[0] = {pixels.data, static_cast<std::ptrdiff_t>(pixels.step)};
  same.region = {0, 0, pixels.cols, pixels.rows};
  same.to_crop = plan.to_crop;
  if (same.to_crop) {
    cv::Matx23d& matrix = *same.to_crop;
    for (int i = 0; i < 2; ++i) {
      matrix(i, 2) += matrix(i, 0) * plan.region.x + matrix(i, 1) * plan.region.y;
    }
  }
  return same;
}

CropTask make_task(const FrameView& view, const cv::Rect& region, const CropGrid& grid,
                   const PlaneOrigins& origins) {
  DFD_CHECK(!region.empty() && (region & cv::Rect(0, 0, view.width, view.height)) == region);
  const Layout layout = layout_of(view.format);
  CropTask task{};
  for (std::size_t i = 0; i < layout.planes.size(); ++i) {
    const std::size_t plane = layout.planes[i];
    task.channels[i] = {view.planes[plane].data + layout.offsets[i], view.planes[plane].stride,
                        layout.steps[i], origins[plane].x, origins[plane].y};
  }
  task.subsampled = layout.subsampled;
  task.centred_x = view.color.chroma_site == ChromaSite::kCenter;
  task.centred_y = view.color.chroma_site != ChromaSite::kTopLeft;
  task.chroma_width = (view.width + 1) / 2;
  task.chroma_height = (view.height + 1) / 2;
  set_colors(task, view.color);
  task.left = region.x;
  task.top = region.y;
  task.width = region.width;
  task.height = region.height;
  task.grid_width = grid.size.width;
  task.grid_height = grid.size.height;
  cv::Matx23d to_grid(1, 0, 0, 0, 1, 0);
  if (grid.to_crop) cv::invertAffineTransform(*grid.to_crop, to_grid);
  std::copy(std::begin(to_grid.val), std::end(to_grid.val), std::begin(task.to_grid));
  return task;
}

std::vector<PlanePart> needed_parts(const FrameView& view, const cv::Rect& region) {
  const Layout layout = layout_of(view.format);
  std::vector<PlanePart> parts{{layout.planes[0], region, layout.steps[0]}};
  if (!layout.subsampled) return parts;
  // Interpolation reads a chroma sample more on each side.
  const cv::Point first(region.x / 2 - 1, region.y / 2 - 1);
  const cv::Point last((region.x + region.width - 1) / 2 + 2,
                       (region.y + region.height - 1) / 2 + 2);
  const cv::Rect chroma =
      cv::Rect(first, last) & cv::Rect(0, 0, (view.width + 1) / 2, (view.height + 1) / 2);
  parts.push_back({layout.planes[1], chroma, layout.steps[1]});
  if (layout.planes[2] != layout.planes[1]) {
    parts.push_back({layout.planes[2], chroma, layout.steps[2]});
  }
  return parts;
}

void copy_part(const FrameView& view, const PlanePart& part, std::uint8_t* to) {
  const Plane& plane = view.planes[part.plane];
  const std::size_t row_bytes = part.row_bytes();
  for (int y = 0; y < part.samples.height; ++y) {
    std::memcpy(to,
                plane.data + (part.samples.y + y) * plane.stride +
                    std::ptrdiff_t{part.samples.x} * part.sample_bytes,
                row_bytes);
    to += row_bytes;
  }
}

}  // namespace dfd
