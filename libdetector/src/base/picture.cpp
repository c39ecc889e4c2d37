// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/picture.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/color.h"
#include "base/components.h"
#include "base/device_picture.h"
#include "base/resize.h"

namespace dfd {
namespace {

// Byte positions of R, G and B in a packed pixel.
struct Packing {
  int bytes, red, green, blue;
};

Packing packing_of(PixelFormat format) {
  switch (format) {
    case PixelFormat::kBgr:
      return {3, 2, 1, 0};
    case PixelFormat::kRgbx:
      return {4, 0, 1, 2};
    case PixelFormat::kBgrx:
      return {4, 2, 1, 0};
    case PixelFormat::kXrgb:
      return {4, 1, 2, 3};
    case PixelFormat::kXbgr:
      return {4, 3, 2, 1};
    default:
      return {3, 0, 1, 2};
  }
}

// A position between two chroma samples: first + (second - first) * quarter / 4.
struct Tap {
  int first, second, quarter;
};

// shift: 0 where there is a chroma sample to each luma sample. centred: the chroma sample lies
// between luma samples 2k and 2k + 1; else on 2k.
Tap tap_of(int luma, int shift, bool centred, int size) {
  const int k = luma >> shift;
  const bool odd = luma % 2 != 0;
  Tap tap{k, k, 0};
  if (shift != 0 && centred) {
    tap = odd ? Tap{k, k + 1, 1} : Tap{k - 1, k, 3};
  } else if (shift != 0 && odd) {
    tap = {k, k + 1, 2};
  }
  tap.first = std::clamp(tap.first, 0, size - 1);
  tap.second = std::clamp(tap.second, 0, size - 1);
  return tap;
}

// One row of a picture's chroma, interpolated between two rows of samples: columns first to last.
class ChromaRow {
 public:
  ChromaRow(const Component& samples, int first, int last)
      : samples_(samples),
        first_(first),
        above_(static_cast<std::size_t>(last - first + 1)),
        below_(above_.size()),
        values_(above_.size()) {}

  void read(const Tap& row) {
    const int count = static_cast<int>(values_.size());
    samples_.read(row.first, first_, count, above_.data());
    samples_.read(row.second, first_, count, below_.data());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const float a = static_cast<float>(above_[i]) * kQuarter;
      const float b = static_cast<float>(below_[i]) * kQuarter;
      values_[i] = a + (b - a) * static_cast<float>(row.quarter) * 0.25F;
    }
  }

  float at(const Tap& column) const {
    const float a = values_[static_cast<std::size_t>(column.first - first_)];
    const float b = values_[static_cast<std::size_t>(column.second - first_)];
    return a + (b - a) * static_cast<float>(column.quarter) * 0.25F;
  }

 private:
  static constexpr float kQuarter = 0.25F;  // Of steps of 10 bits, steps of 8.

  const Component& samples_;
  int first_;
  std::vector<std::uint16_t> above_, below_;
  std::vector<float> values_;
};

// Everything here is as stored.
cv::Mat yuv_region(const FrameView& view, const cv::Rect& region) {
  const Components components(view);
  const ColorMatrix matrix(view.color);
  const bool centred_x = view.color.chroma_site == ChromaSite::kCenter;
  const bool centred_y = view.color.chroma_site != ChromaSite::kTopLeft;
  std::vector<Tap> columns;
  columns.reserve(static_cast<std::size_t>(region.width));
  for (int x = 0; x < region.width; ++x) {
    columns.push_back(tap_of(region.x + x, components.shift_x, centred_x, components.cb.width()));
  }
  ChromaRow cb(components.cb, columns.front().first, columns.back().second);
  ChromaRow cr(components.cr, columns.front().first, columns.back().second);
  std::vector<std::uint16_t> luma(static_cast<std::size_t>(region.width));
  cv::Mat rgb(region.height, region.width, CV_8UC3);
  for (int y = 0; y < region.height; ++y) {
    const int row = (region.y + y) >> components.row_shift;
    components.luma.read(row, region.x, region.width, luma.data());
    if (components.colored) {
      const Tap tap = tap_of(row, components.shift_y, centred_y, components.cb.height());
      cb.read(tap);
      cr.read(tap);
    }
    auto* out = rgb.ptr<std::uint8_t>(y);
    for (std::size_t x = 0; x < luma.size(); ++x) {
      constexpr float kNeutral = 128;
      matrix.convert(static_cast<float>(luma[x]) * 0.25F,
                     components.colored ? cb.at(columns[x]) : kNeutral,
                     components.colored ? cr.at(columns[x]) : kNeutral, out + 3 * x);
    }
  }
  return rgb;
}

// The rows of a packed frame that are read.
cv::Mat packed_rows(const FrameView& view) {
  const int rows = view.interlaced ? (view.height + 1) / 2 : view.height;
  const std::ptrdiff_t stride = view.planes[0].stride * (view.interlaced ? 2 : 1);
  // OpenCV's constructor takes no const pointer.
  return {rows, view.width, CV_8UC(packing_of(view.format).bytes),
          const_cast<std::uint8_t*>(view.planes[0].data), static_cast<std::size_t>(stride)};
}

cv::Mat packed_to_rgb(const cv::Mat& packed, const FrameView& view) {
  const Packing packing = packing_of(view.format);
  cv::Mat rgb(packed.size(), CV_8UC3);
  const std::vector<int> channels{packing.red, 0, packing.green, 1, packing.blue, 2};
  cv::mixChannels(std::vector<cv::Mat>{packed}, std::vector<cv::Mat>{rgb}, channels);
  to_standard_range(rgb, view.color);
  return rgb;
}

cv::Mat packed_region(const FrameView& view, const cv::Rect& region) {
  const cv::Mat rows = packed_rows(view);
  if (!view.interlaced) return packed_to_rgb(rows(region), view);
  const int first = region.y / 2;
  const int last = (region.y + region.height - 1) / 2;
  const cv::Mat field =
      packed_to_rgb(rows(cv::Rect(region.x, first, region.width, last - first + 1)), view);
  cv::Mat rgb(region.size(), CV_8UC3);
  for (int y = 0; y < region.height; ++y) {
    field.row((region.y + y) / 2 - first).copyTo(rgb.row(y));
  }
  return rgb;
}

cv::Mat reduce(const cv::Mat& picture, const cv::Size& size) {
  if (size.width <= picture.cols && size.height <= picture.rows) {
    return average_areas(picture, size);
  }
  cv::Mat resized;  // Chroma of a large picture, or a field.
  cv::resize(picture, resized, size, 0, 0, cv::INTER_LINEAR);
  return resized;
}

cv::Mat reduce(const Component& component, const cv::Size& size) {
  if (const cv::Mat bytes = component.as_picture(); !bytes.empty()) return reduce(bytes, size);
  const cv::Size from(component.width(), component.height());
  const auto read_row = [&](int y, std::uint16_t* row) { component.read(y, 0, from.width, row); };
  const bool fits = size.width <= from.width && size.height <= from.height;
  const cv::Mat picture = average_areas(read_row, from, fits ? size : from);
  return fits ? picture : reduce(picture, size);
}

// Cb and Cr.
std::array<cv::Mat, 2> reduced_chroma(const Components& components, const cv::Size& size) {
  if (!components.colored) {
    const cv::Mat neutral(size, CV_8U, cv::Scalar(128));
    return {neutral, neutral};
  }
  const cv::Mat pairs = components.chroma_pairs();
  if (pairs.empty()) return {reduce(components.cb, size), reduce(components.cr, size)};
  std::array<cv::Mat, 2> parts;
  cv::split(reduce(pairs, size), parts.data());
  if (components.cr_before_cb()) std::swap(parts[0], parts[1]);
  return parts;
}

cv::Mat reduced_yuv(const FrameView& view, const cv::Rect& region, const cv::Size& size) {
  const Components components = Components(view).part(region);
  const cv::Mat luma = reduce(components.luma, size);
  const auto [cb, cr] = reduced_chroma(components, size);
  const ColorMatrix matrix(view.color);
  cv::Mat rgb(size, CV_8UC3);
  for (int y = 0; y < size.height; ++y) {
    const auto* luma_row = luma.ptr<std::uint8_t>(y);
    const auto* cb_row = cb.ptr<std::uint8_t>(y);
    const auto* cr_row = cr.ptr<std::uint8_t>(y);
    auto* out = rgb.ptr<std::uint8_t>(y);
    for (int x = 0; x < size.width; ++x) {
      matrix.convert(luma_row[x], cb_row[x], cr_row[x], out + std::ptrdiff_t{3} * x);
    }
  }
  return rgb;
}

cv::Mat reduced_packed(const FrameView& view, const cv::Rect& region, const cv::Size& size) {
  const int shift = view.interlaced ? 1 : 0;
  const int bottom = (region.y + region.height + shift) >> shift;
  const cv::Range rows(region.y >> shift, bottom);
  const cv::Range columns(region.x, region.x + region.width);
  return packed_to_rgb(reduce(packed_rows(view)(rows, columns), size), view);
}

cv::Mat reduced_stored(const FrameView& view, const cv::Rect& region, const cv::Size& size) {
  if (view.memory == Memory::kCuda) return reduced_rgb_from_device(view, region, size);
  return is_yuv(view.format) ? reduced_yuv(view, region, size) : reduced_packed(view, region, size);
}

bool lies_in(const cv::Rect& region, const cv::Size& size) {
  return !region.empty() && (region & cv::Rect({}, size)) == region;
}

}  // namespace

void check_view(const FrameView& view) {
  DFD_REQUIRE(view.width > 0 && view.height > 0 && view.width <= kMostPixelsPerSide &&
                  view.height <= kMostPixelsPerSide,
              ErrorCode::kInvalidArgument,
              "frame of " << view.width << "x" << view.height << " pixels, 1 to "
                          << kMostPixelsPerSide << " a side expected");
  if (is_yuv(view.format)) {
    check_planes(view);
    return;
  }
  const int bytes = view.width * packing_of(view.format).bytes;
  DFD_REQUIRE(view.planes[0].data != nullptr && std::abs(view.planes[0].stride) >= bytes,
              ErrorCode::kInvalidArgument,
              "plane 0 of a frame: stride " << view.planes[0].stride << " where a row has " << bytes
                                            << " bytes, or no data");
}

cv::Mat rgb_region(const FrameView& view, const cv::Rect& region) {
  DFD_CHECK(lies_in(region, upright_size(view)));
  const cv::Rect stored = to_stored(region, turn_of(view));
  const cv::Mat rgb = view.memory == Memory::kCuda ? rgb_region_from_device(view, stored)
                      : is_yuv(view.format)        ? yuv_region(view, stored)
                                                   : packed_region(view, stored);
  return to_upright(rgb, view.orientation);
}

cv::Mat reduced_rgb(const FrameView& view, const cv::Size& size) {
  return reduced_rgb(view, {{}, upright_size(view)}, size);
}

cv::Mat reduced_rgb(const FrameView& view, const cv::Rect& region, const cv::Size& size) {
  DFD_CHECK(lies_in(region, upright_size(view)) && whole_samples(view, region) == region);
  const cv::Size turned = upright_size({view.orientation, size});
  return to_upright(reduced_stored(view, to_stored(region, turn_of(view)), turned),
                    view.orientation);
}

cv::Rect whole_samples(const FrameView& view, const cv::Rect& region) {
  const cv::Rect stored = to_stored(region, turn_of(view));
  constexpr int kColumns = 2;
  const int rows = view.interlaced ? 4 : 2;  // Two of the top field.
  cv::Rect grown;
  grown.x = stored.x / kColumns * kColumns;
  grown.y = stored.y / rows * rows;
  grown.width = stored.x + stored.width - grown.x;
  grown.height = stored.y + stored.height - grown.y;
  return to_upright(grown, turn_of(view));
}

cv::Mat thumbnail_of(const FrameView& view) {
  check_view(view);
  return reduced_stored(view, {0, 0, view.width, view.height}, {64, 36});
}

}  // namespace dfd
