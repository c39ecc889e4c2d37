// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/device_picture.h"

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

bool is_yuv(PixelFormat format) {
  return format == PixelFormat::kI420 || format == PixelFormat::kYv12 ||
         format == PixelFormat::kNv12;
}

// The chroma planes of a 4:2:0 frame, whatever their order.
struct Chroma {
  const std::uint8_t* cb;
  const std::uint8_t* cr;
  std::ptrdiff_t cb_stride, cr_stride;
  int step;  // Bytes between two samples.
  int width, height;
};

Chroma chroma_of(const FrameView& view) {
  const int width = (view.width + 1) / 2;
  const int height = (view.height + 1) / 2;
  const auto& planes = view.planes;
  switch (view.format) {
    case PixelFormat::kNv12:
      return {planes[1].data, planes[1].data + 1, planes[1].stride, planes[1].stride, 2, width,
              height};
    case PixelFormat::kYv12:
      return {planes[2].data, planes[1].data, planes[2].stride, planes[1].stride, 1, width, height};
    default:
      return {planes[1].data, planes[2].data, planes[1].stride, planes[2].stride, 1, width, height};
  }
}

// A position between two chroma samples: first + (second - first) * quarter / 4.
struct Tap {
  int first, second, quarter;
};

// centred: the chroma sample lies between luma samples 2k and 2k + 1; else on 2k.
Tap tap_of(int luma, bool centred, int size) {
  const int k = luma / 2;
  const bool odd = luma % 2 != 0;
  Tap tap{k, k, 0};
  if (centred) {
    tap = odd ? Tap{k, k + 1, 1} : Tap{k - 1, k, 3};
  } else if (odd) {
    tap = {k, k + 1, 2};
  }
  tap.first = std::clamp(tap.first, 0, size - 1);
  tap.second = std::clamp(tap.second, 0, size - 1);
  return tap;
}

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.F, 255.F));
}

// Y'CbCr -> R'G'B' in [0, 255] for one colour encoding (ITU-R BT.601 / 709 / 2020 by kr and kb).
class Matrix {
 public:
  explicit Matrix(const ColorEncoding& color) {
    const double luma_scale = color.full_range ? 1.0 : 255.0 / 219.0;
    const double chroma_scale = color.full_range ? 1.0 : 255.0 / 224.0;
    const double kg = 1 - color.kr - color.kb;
    luma_ = static_cast<float>(luma_scale);
    offset_ = color.full_range ? 0.F : 16.F;
    red_cr_ = static_cast<float>(2 * (1 - color.kr) * chroma_scale);
    blue_cb_ = static_cast<float>(2 * (1 - color.kb) * chroma_scale);
    green_cr_ = static_cast<float>(-2 * color.kr * (1 - color.kr) / kg * chroma_scale);
    green_cb_ = static_cast<float>(-2 * color.kb * (1 - color.kb) / kg * chroma_scale);
  }

  // cb and cr as they are in the frame, centred on 128.
  void convert(std::uint8_t luma, float cb, float cr, std::uint8_t* rgb) const {
    const float y = (static_cast<float>(luma) - offset_) * luma_;
    rgb[0] = to_byte(y + red_cr_ * (cr - 128.F));
    rgb[1] = to_byte(y + green_cb_ * (cb - 128.F) + green_cr_ * (cr - 128.F));
    rgb[2] = to_byte(y + blue_cb_ * (cb - 128.F));
  }

 private:
  float luma_, offset_, red_cr_, blue_cb_, green_cr_, green_cb_;
};

cv::Mat yuv_region(const FrameView& view, const cv::Rect& region) {
  const Chroma chroma = chroma_of(view);
  const Matrix matrix(view.color);
  const bool centred_x = view.color.chroma_site == ChromaSite::kCenter;
  const bool centred_y = view.color.chroma_site != ChromaSite::kTopLeft;
  std::vector<Tap> columns;
  columns.reserve(static_cast<std::size_t>(region.width));
  for (int x = 0; x < region.width; ++x) {
    columns.push_back(tap_of(region.x + x, centred_x, chroma.width));
  }
  // Of one row of the picture, chroma interpolated between two rows of chroma samples.
  std::vector<float> cb_row(static_cast<std::size_t>(chroma.width));
  std::vector<float> cr_row(cb_row.size());
  cv::Mat rgb(region.height, region.width, CV_8UC3);
  for (int y = 0; y < region.height; ++y) {
    const Tap row = tap_of(region.y + y, centred_y, chroma.height);
    const auto between_rows = [&](const std::uint8_t* plane, std::ptrdiff_t stride, int column) {
      const std::ptrdiff_t offset = std::ptrdiff_t{column} * chroma.step;
      const float a = plane[row.first * stride + offset];
      const float b = plane[row.second * stride + offset];
      return a + (b - a) * static_cast<float>(row.quarter) * 0.25F;
    };
    for (int column = columns.front().first; column <= columns.back().second; ++column) {
      const auto i = static_cast<std::size_t>(column);
      cb_row[i] = between_rows(chroma.cb, chroma.cb_stride, column);
      cr_row[i] = between_rows(chroma.cr, chroma.cr_stride, column);
    }
    const std::uint8_t* luma =
        view.planes[0].data + (region.y + y) * view.planes[0].stride + region.x;
    auto* out = rgb.ptr<std::uint8_t>(y);
    for (int x = 0; x < region.width; ++x) {
      const Tap& tap = columns[static_cast<std::size_t>(x)];
      const auto first = static_cast<std::size_t>(tap.first);
      const auto second = static_cast<std::size_t>(tap.second);
      const float weight = static_cast<float>(tap.quarter) * 0.25F;
      matrix.convert(luma[x], cb_row[first] + (cb_row[second] - cb_row[first]) * weight,
                     cr_row[first] + (cr_row[second] - cr_row[first]) * weight,
                     out + std::ptrdiff_t{3} * x);
    }
  }
  return rgb;
}

// Studio-range RGB is stretched to [0, 255].
void expand_limited_rgb(cv::Mat& rgb) {
  rgb.convertTo(rgb, -1, 255.0 / 219.0, -16 * 255.0 / 219.0);
}

cv::Mat packed_to_rgb(const cv::Mat& packed, const FrameView& view) {
  const Packing packing = packing_of(view.format);
  cv::Mat rgb(packed.size(), CV_8UC3);
  const std::vector<int> channels{packing.red, 0, packing.green, 1, packing.blue, 2};
  cv::mixChannels(std::vector<cv::Mat>{packed}, std::vector<cv::Mat>{rgb}, channels);
  if (!view.color.full_range) expand_limited_rgb(rgb);
  return rgb;
}

// A header over somebody else's pixels; OpenCV's constructor takes no const pointer.
cv::Mat borrow(const Plane& plane, int width, int height, int channels) {
  return {height, width, CV_8UC(channels), const_cast<std::uint8_t*>(plane.data),
          static_cast<std::size_t>(plane.stride)};
}

// One output position of a filter: weights over [first, first + weights.size()).
struct Filter {
  int first = 0;
  std::vector<int> weights;
};

// Weights of areas are counted in units of 2^-12: twice that and 8 bits fit 32.
constexpr int kAreaBits = 12;

// The pixels under each output pixel, weighted by how much of them lies there.
std::vector<Filter> area_filters(int from, int to) {
  std::vector<Filter> filters(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    Filter& filter = filters[static_cast<std::size_t>(i)];
    const double begin = i * scale;
    const double end = std::min((i + 1) * scale, static_cast<double>(from));
    filter.first = std::min(static_cast<int>(begin), from - 1);
    int given = 0;
    for (int x = filter.first; x < end && x < from; ++x) {
      const double covered = std::min(x + 1.0, end) - begin;
      const int so_far = static_cast<int>(std::lround(covered / (end - begin) * (1 << kAreaBits)));
      filter.weights.push_back(so_far - given);
      given = so_far;
    }
  }
  return filters;
}

// As cv::resize with INTER_AREA, which is several times slower for ratios that are not whole.
template <int kChannels>
cv::Mat average_areas(const cv::Mat& plane, const cv::Size& size) {
  const std::vector<Filter> rows = area_filters(plane.rows, size.height);
  const std::vector<Filter> columns = area_filters(plane.cols, size.width);
  cv::Mat reduced(size, CV_8UC(kChannels));
  const auto row_bytes = static_cast<std::size_t>(plane.cols) * kChannels;
  std::vector<std::uint32_t> sums(row_bytes);
  for (int y = 0; y < size.height; ++y) {
    const Filter& row = rows[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 0U);
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      const auto* in = plane.ptr<std::uint8_t>(row.first + static_cast<int>(i));
      const auto weight = static_cast<std::uint32_t>(row.weights[i]);
      for (std::size_t x = 0; x < row_bytes; ++x) sums[x] += in[x] * weight;
    }
    auto* out = reduced.ptr<std::uint8_t>(y);
    for (const Filter& column : columns) {
      std::array<std::uint32_t, kChannels> value;
      value.fill(1U << (2 * kAreaBits - 1));
      const std::uint32_t* in = sums.data() + std::ptrdiff_t{kChannels} * column.first;
      for (const int weight : column.weights) {
        for (auto& sum : value) sum += *in++ * static_cast<std::uint32_t>(weight);
      }
      for (const std::uint32_t sum : value)
        *out++ = static_cast<std::uint8_t>(sum >> 2 * kAreaBits);
    }
  }
  return reduced;
}

cv::Mat reduce(const cv::Mat& plane, const cv::Size& size) {
  if (size.width > plane.cols || size.height > plane.rows) {  // Chroma of a large picture.
    cv::Mat resized;
    cv::resize(plane, resized, size, 0, 0, cv::INTER_LINEAR);
    return resized;
  }
  switch (plane.channels()) {
    case 1:
      return average_areas<1>(plane, size);
    case 2:
      return average_areas<2>(plane, size);
    case 3:
      return average_areas<3>(plane, size);
    default:
      return average_areas<4>(plane, size);
  }
}

// Pillow counts weights in units of 2^-22 so that 8-bit sums fit 32 bits.
constexpr int kFilterBits = 32 - 8 - 2;

std::vector<Filter> triangle_filters(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double support = std::max(scale, 1.0);
  std::vector<Filter> filters(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Filter& filter = filters[static_cast<std::size_t>(i)];
    const double center = (i + 0.5) * scale;
    filter.first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), from);
    std::vector<double> weights;
    double sum = 0;
    for (int x = filter.first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((x - center + 0.5) / support)));
      sum += weights.back();
    }
    for (const double weight : weights) {
      filter.weights.push_back(static_cast<int>(weight / sum * (1 << kFilterBits) + 0.5));
    }
  }
  return filters;
}

std::uint8_t round_sum(int sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFilterBits, 0, 255));
}

cv::Mat resize_rows(const cv::Mat& rgb, int width) {
  if (rgb.cols == width) return rgb;
  const std::vector<Filter> filters = triangle_filters(rgb.cols, width);
  cv::Mat out(rgb.rows, width, CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* in = rgb.ptr<std::uint8_t>(y);
    auto* pixel = out.ptr<std::uint8_t>(y);
    for (const Filter& filter : filters) {
      int red = 1 << (kFilterBits - 1);
      int green = red;
      int blue = red;
      const std::uint8_t* source = in + std::ptrdiff_t{3} * filter.first;
      for (const int weight : filter.weights) {
        red += source[0] * weight;
        green += source[1] * weight;
        blue += source[2] * weight;
        source += 3;
      }
      pixel[0] = round_sum(red);
      pixel[1] = round_sum(green);
      pixel[2] = round_sum(blue);
      pixel += 3;
    }
  }
  return out;
}

cv::Mat resize_columns(const cv::Mat& rgb, int height) {
  if (rgb.rows == height) return rgb;
  const std::vector<Filter> filters = triangle_filters(rgb.rows, height);
  cv::Mat out(height, rgb.cols, CV_8UC3);
  const int bytes = rgb.cols * 3;
  std::vector<int> sums(static_cast<std::size_t>(bytes));
  for (int y = 0; y < height; ++y) {
    const Filter& filter = filters[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 1 << (kFilterBits - 1));
    for (std::size_t i = 0; i < filter.weights.size(); ++i) {
      const auto* in = rgb.ptr<std::uint8_t>(filter.first + static_cast<int>(i));
      const int weight = filter.weights[i];
      for (int x = 0; x < bytes; ++x) sums[static_cast<std::size_t>(x)] += in[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), out.ptr<std::uint8_t>(y), round_sum);
  }
  return out;
}

}  // namespace

void check_view(const FrameView& view) {
  // No decoder gives more, and products of sides stay far from overflow.
  constexpr int kMostPixelsPerSide = 32768;
  DFD_REQUIRE(view.width > 0 && view.height > 0 && view.width <= kMostPixelsPerSide &&
                  view.height <= kMostPixelsPerSide,
              ErrorCode::kInvalidArgument,
              "frame of " << view.width << "x" << view.height << " pixels, 1 to "
                          << kMostPixelsPerSide << " a side expected");
  const int half = (view.width + 1) / 2;
  const auto check = [&](std::size_t plane, int bytes) {
    DFD_REQUIRE(view.planes[plane].data != nullptr && std::abs(view.planes[plane].stride) >= bytes,
                ErrorCode::kInvalidArgument,
                "plane " << plane << " of a frame: stride " << view.planes[plane].stride
                         << " where a row has " << bytes << " bytes, or no data");
  };
  if (!is_yuv(view.format)) {
    check(0, view.width * packing_of(view.format).bytes);
    return;
  }
  check(0, view.width);
  check(1, view.format == PixelFormat::kNv12 ? 2 * half : half);
  if (view.format != PixelFormat::kNv12) check(2, half);
}

cv::Mat rgb_region(const FrameView& view, const cv::Rect& region) {
  DFD_CHECK(!region.empty() && region.x >= 0 && region.y >= 0 &&
            region.x + region.width <= view.width && region.y + region.height <= view.height);
  if (view.memory == Memory::kCuda) return rgb_region_from_device(view, region);
  if (is_yuv(view.format)) return yuv_region(view, region);
  return packed_to_rgb(
      borrow(view.planes[0], view.width, view.height, packing_of(view.format).bytes)(region), view);
}

cv::Mat reduced_rgb(const FrameView& view, const cv::Size& size) {
  if (view.memory == Memory::kCuda) {
    return reduced_rgb_from_device(view, {0, 0, view.width, view.height}, size);
  }
  if (!is_yuv(view.format)) {
    const cv::Mat packed =
        borrow(view.planes[0], view.width, view.height, packing_of(view.format).bytes);
    return packed_to_rgb(reduce(packed, size), view);
  }
  const Chroma chroma = chroma_of(view);
  const cv::Mat luma = reduce(borrow(view.planes[0], view.width, view.height, 1), size);
  cv::Mat cb;
  cv::Mat cr;
  if (view.format == PixelFormat::kNv12) {
    const cv::Mat both = reduce(borrow(view.planes[1], chroma.width, chroma.height, 2), size);
    cv::extractChannel(both, cb, 0);
    cv::extractChannel(both, cr, 1);
  } else {
    cb = reduce(borrow({chroma.cb, chroma.cb_stride}, chroma.width, chroma.height, 1), size);
    cr = reduce(borrow({chroma.cr, chroma.cr_stride}, chroma.width, chroma.height, 1), size);
  }
  const Matrix matrix(view.color);
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

cv::Mat reduced_rgb(const FrameView& view, const cv::Rect& region, const cv::Size& size) {
  DFD_CHECK(!region.empty() && region.x >= 0 && region.y >= 0 && region.x % 2 == 0 &&
            region.y % 2 == 0 && region.x + region.width <= view.width &&
            region.y + region.height <= view.height);
  if (view.memory == Memory::kCuda) return reduced_rgb_from_device(view, region, size);
  FrameView part = view;
  part.width = region.width;
  part.height = region.height;
  const auto move = [&](std::size_t plane, int bytes, int divisor) {
    part.planes[plane].data +=
        region.y / divisor * part.planes[plane].stride + std::ptrdiff_t{region.x / divisor} * bytes;
  };
  if (is_yuv(view.format)) {
    move(0, 1, 1);
    move(1, view.format == PixelFormat::kNv12 ? 2 : 1, 2);
    if (view.format != PixelFormat::kNv12) move(2, 1, 2);
  } else {
    move(0, packing_of(view.format).bytes, 1);
  }
  return reduced_rgb(part, size);
}

cv::Mat thumbnail_of(const FrameView& view) {
  check_view(view);
  return reduced_rgb(view, {64, 36});
}

cv::Mat resize_bilinear(const cv::Mat& rgb, const cv::Size& size) {
  DFD_CHECK(rgb.type() == CV_8UC3 && !rgb.empty() && !size.empty());
  return resize_columns(resize_rows(rgb, size.width), size.height);
}

}  // namespace dfd
