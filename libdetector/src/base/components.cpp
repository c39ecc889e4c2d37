// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/components.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/check.h"

namespace dfd {
namespace {

using Coding = Component::Coding;

// One of Y', Cb and Cr in a format.
struct Place {
  std::size_t plane;
  int offset;  // Bytes from the plane's begin; of kV210 nothing.
  int step;    // Bytes between samples; of kV210 which channel it is.
};

using Places = std::array<Place, 3>;  // Y', Cb, Cr.

constexpr Places planar(int step) { return {{{0, 0, step}, {1, 0, step}, {2, 0, step}}}; }
// cb, cr: their offsets in the second plane.
constexpr Places in_turns(int step, int cb, int cr) {
  return {{{0, 0, step}, {1, cb, 2 * step}, {1, cr, 2 * step}}};
}
// Two pixels in four bytes.
constexpr Places packed(int luma, int cb, int cr) {
  return {{{0, luma, 2}, {0, cb, 4}, {0, cr, 4}}};
}

struct Layout {
  Places places;
  int shift_x, shift_y;
  Coding coding = Coding::kBytes;
  bool colored = true;
};

Layout layout_of(PixelFormat format) {
  switch (format) {
    case PixelFormat::kI420:
      return {planar(1), 1, 1};
    case PixelFormat::kYv12:
      return {{{{0, 0, 1}, {2, 0, 1}, {1, 0, 1}}}, 1, 1};
    case PixelFormat::kNv12:
      return {in_turns(1, 0, 1), 1, 1};
    case PixelFormat::kNv21:
      return {in_turns(1, 1, 0), 1, 1};
    case PixelFormat::kY42b:
      return {planar(1), 1, 0};
    case PixelFormat::kNv16:
      return {in_turns(1, 0, 1), 1, 0};
    case PixelFormat::kUyvy:
      return {packed(1, 0, 2), 1, 0};
    case PixelFormat::kYuy2:
      return {packed(0, 1, 3), 1, 0};
    case PixelFormat::kYvyu:
      return {packed(0, 3, 1), 1, 0};
    case PixelFormat::kY444:
      return {planar(1), 0, 0};
    case PixelFormat::kGray8:
      return {{{{0, 0, 1}, {0, 0, 1}, {0, 0, 1}}}, 0, 0, Coding::kBytes, false};
    case PixelFormat::kI420p10:
      return {planar(2), 1, 1, Coding::kLow10};
    case PixelFormat::kI422p10:
      return {planar(2), 1, 0, Coding::kLow10};
    case PixelFormat::kP010:
      return {in_turns(2, 0, 2), 1, 1, Coding::kHigh10};
    case PixelFormat::kV210:
      return {{{{0, 0, 0}, {0, 0, 1}, {0, 0, 2}}}, 1, 0, Coding::kV210};
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
    case PixelFormat::kRgbx:
    case PixelFormat::kBgrx:
    case PixelFormat::kXrgb:
    case PixelFormat::kXbgr:
      break;
  }
  throw Error(ErrorCode::kInternal, "a pixel format without Y'CbCr samples; please report it");
}

// Samples of half of something are counted up: the last one stands for one pixel.
int shifted(int length, int shift) { return (length + (1 << shift) - 1) >> shift; }

template <int kStep>
void read_bytes(const std::uint8_t* from, int count, std::uint16_t* to) {
  for (int i = 0; i < count; ++i) {
    to[i] = static_cast<std::uint16_t>(from[std::ptrdiff_t{kStep} * i] << 2);
  }
}

void read_pairs(const std::uint8_t* from, int step, int shift, int count, std::uint16_t* to) {
  for (int i = 0; i < count; ++i) {
    const std::uint8_t* bytes = from + std::ptrdiff_t{step} * i;
    to[i] = static_cast<std::uint16_t>(((bytes[0] | bytes[1] << 8) >> shift) & 1023);
  }
}

// Six pixels are four little-endian words of three 10-bit samples each:
// Cb0 Y0 Cr0, Y1 Cb1 Y2, Cr1 Y3 Cb2, Y4 Cr2 Y5.
constexpr int kGroupBytes = 16;
constexpr std::array<int, 6> kLumaInGroup{1, 3, 5, 7, 9, 11};
constexpr std::array<int, 3> kCbInGroup{0, 4, 8};
constexpr std::array<int, 3> kCrInGroup{2, 6, 10};

std::uint16_t v210_sample(const std::uint8_t* row, int group, int place) {
  const std::uint8_t* word = row + std::ptrdiff_t{kGroupBytes} * group + place / 3 * 4;
  const std::uint32_t value = static_cast<std::uint32_t>(word[0]) | word[1] << 8 | word[2] << 16 |
                              static_cast<std::uint32_t>(word[3]) << 24;
  return static_cast<std::uint16_t>(value >> place % 3 * 10 & 1023);
}

template <std::size_t kCount>
void read_v210(const std::uint8_t* row, const std::array<int, kCount>& places, int x, int count,
               std::uint16_t* to) {
  constexpr int kEach = static_cast<int>(kCount);
  for (int i = 0; i < count; ++i) {
    to[i] = v210_sample(row, (x + i) / kEach, places[static_cast<std::size_t>((x + i) % kEach)]);
  }
}

}  // namespace

bool is_yuv(PixelFormat format) {
  switch (format) {
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
    case PixelFormat::kRgbx:
    case PixelFormat::kBgrx:
    case PixelFormat::kXrgb:
    case PixelFormat::kXbgr:
      return false;
    default:
      return true;
  }
}

void Component::read(int y, int x, int count, std::uint16_t* to) const {
  const std::uint8_t* row = data_ + (y_ + y) * stride_;
  x += x_;
  const std::uint8_t* from = row + std::ptrdiff_t{step_} * x;
  switch (coding_) {
    case Coding::kBytes:
      return step_ == 1   ? read_bytes<1>(from, count, to)
             : step_ == 2 ? read_bytes<2>(from, count, to)
                          : read_bytes<4>(from, count, to);
    case Coding::kLow10:
      return read_pairs(from, step_, 0, count, to);
    case Coding::kHigh10:
      return read_pairs(from, step_, 6, count, to);
    case Coding::kV210:
      return step_ == 0   ? read_v210(row, kLumaInGroup, x, count, to)
             : step_ == 1 ? read_v210(row, kCbInGroup, x, count, to)
                          : read_v210(row, kCrInGroup, x, count, to);
  }
}

cv::Mat Component::as_picture() const {
  // OpenCV has no pictures that stand on their heads.
  if (coding_ != Coding::kBytes || step_ != 1 || stride_ < width_) return {};
  // OpenCV's constructor takes no const pointer.
  return {height_, width_, CV_8U, const_cast<std::uint8_t*>(data_ + y_ * stride_ + x_),
          static_cast<std::size_t>(stride_)};
}

cv::Mat Components::chroma_pairs() const {
  const bool pairs = colored && cb.coding_ == Component::Coding::kBytes && cb.step_ == 2 &&
                     std::abs(cr.data_ - cb.data_) == 1;
  if (!pairs || cb.stride_ < std::ptrdiff_t{2} * cb.width_) return {};
  const std::uint8_t* first = std::min(cb.data_, cr.data_);
  return {cb.height_, cb.width_, CV_8UC2,
          const_cast<std::uint8_t*>(first + cb.y_ * cb.stride_ + std::ptrdiff_t{2} * cb.x_),
          static_cast<std::size_t>(cb.stride_)};
}

Components::Components(const FrameView& view) {
  const Layout layout = layout_of(view.format);
  colored = layout.colored;
  shift_x = layout.shift_x;
  shift_y = layout.shift_y;
  row_shift = view.interlaced ? 1 : 0;
  const auto set = [&](Component& component, const Place& place, int width, int height) {
    const Plane& plane = view.planes[place.plane];
    component.data_ = plane.data + place.offset;
    component.stride_ = plane.stride * (1 << row_shift);
    component.step_ = place.step;
    component.coding_ = layout.coding;
    component.width_ = width;
    component.height_ = shifted(height, row_shift);
  };
  set(luma, layout.places[0], view.width, view.height);
  const int width = shifted(view.width, shift_x);
  const int height = shifted(view.height, shift_y);
  set(cb, layout.places[1], width, height);
  set(cr, layout.places[2], width, height);
}

Components Components::part(const cv::Rect& region) const {
  Components part = *this;
  const auto narrow = [&](Component& component, int x_shift, int y_shift) {
    component.x_ += region.x >> x_shift;
    component.y_ += region.y >> y_shift;
    component.width_ = shifted(region.width, x_shift);
    component.height_ = shifted(region.height, y_shift);
  };
  narrow(part.luma, 0, row_shift);
  narrow(part.cb, shift_x, shift_y + row_shift);
  narrow(part.cr, shift_x, shift_y + row_shift);
  return part;
}

void check_planes(const FrameView& view) {
  const Layout layout = layout_of(view.format);
  for (std::size_t i = 0; i < (layout.colored ? 3U : 1U); ++i) {
    const Place& place = layout.places[i];
    const int width = shifted(view.width, i == 0 ? 0 : layout.shift_x);
    const int sample_bytes = layout.coding == Coding::kBytes ? 1 : 2;
    const int bytes = layout.coding == Coding::kV210
                          ? (view.width + 5) / 6 * kGroupBytes
                          : place.offset + (width - 1) * place.step + sample_bytes;
    const Plane& plane = view.planes[place.plane];
    DFD_REQUIRE(plane.data != nullptr && std::abs(plane.stride) >= bytes,
                ErrorCode::kInvalidArgument,
                "plane " << place.plane << " of a frame: stride " << plane.stride
                         << " where a row has " << bytes << " bytes, or no data");
  }
}

}  // namespace dfd
