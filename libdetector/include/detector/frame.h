// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A video frame in the format it arrived in.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "detector/geometry.h"

namespace dfd {

// Running time of a frame. Only differences and order matter to the library.
using Timestamp = std::chrono::nanoseconds;

// As GStreamer's formats of the same names lie in memory. 8 bits a sample where no other number is
// said. X is a byte that is ignored (padding or alpha).
enum class PixelFormat {
  kI420,     // Planar 4:2:0: planes Y, Cb, Cr.
  kYv12,     // Y, Cr, Cb.
  kNv12,     // Y, then Cb and Cr in turns.
  kNv21,     // Y, then Cr and Cb in turns.
  kY42b,     // Planar 4:2:2.
  kNv16,     // 4:2:2, Cb and Cr in turns.
  kUyvy,     // Packed 4:2:2, like the next two.
  kYuy2,     //
  kYvyu,     //
  kY444,     // Planar 4:4:4.
  kGray8,    // Y alone.
  kI420p10,  // 10 bits in the low ones of two bytes, little endian: I420_10LE.
  kI422p10,  // I422_10LE.
  kP010,     // 10 bits in the high ones of two bytes, laid out as NV12: P010_10LE.
  kV210,     // Packed 4:2:2 of 10 bits, six pixels in 16 bytes.
  kRgb,
  kBgr,
  kRgbx,
  kBgrx,
  kXrgb,
  kXbgr
};

// What makes the stored picture upright, as GstVideoOrientationMethod names it.
enum class Orientation {
  kIdentity,
  kRotate90,   // Clockwise.
  kRotate180,  //
  kRotate270,  // Clockwise: 90 to the left.
  kMirror,     // Left and right exchanged.
  kFlip,       // Top and bottom exchanged.
  kTranspose,  // About the diagonal through the top left corner.
  kTransverse  // About the other one.
};

// How R', G' and B' mean light.
enum class Transfer {
  kSdr,  // As a display of standard range takes them: nothing is done.
  kPq,   // SMPTE ST 2084.
  kHlg,  // ARIB STD-B67.
};

// Where a chroma sample of a subsampled picture lies among its luma samples; of 4:2:2 the column
// alone counts.
enum class ChromaSite {
  kLeft,    // On the left column, between the rows (MPEG-2, H.264).
  kCenter,  // In the middle (JPEG).
  kTopLeft  // On the top-left sample.
};

enum class Memory { kHost, kCuda };

struct Plane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;  // Bytes from one row to the next.
};

// How the numbers of a frame mean colours. kr and kb are the luma weights of red and blue in the
// Y'CbCr matrix: BT.601 0.299, 0.114; BT.709 0.2126, 0.0722. RGB formats use full_range only.
struct ColorEncoding {
  double kr = 0.299;
  double kb = 0.114;
  bool full_range = false;
  ChromaSite chroma_site = ChromaSite::kLeft;
  Transfer transfer = Transfer::kSdr;
};

// Points at pixels that somebody else owns, in the host's memory or a CUDA device's.
struct FrameView {
  int width = 0;   // Pixels, > 0, as stored.
  int height = 0;  // Rows, > 0, as stored.
  PixelFormat format = PixelFormat::kRgb;
  Orientation orientation = Orientation::kIdentity;
  bool interlaced = false;  // Two fields, woven: the top one is read, each of its rows for two.
  ColorEncoding color;
  std::array<Plane, 3> planes;
  Memory memory = Memory::kHost;
  int device_index = 0;  // Of the CUDA device.
};

// A face that somebody else has found.
struct MarkedFace {
  RectF box;               // Pixels of the frame, as stored.
  float confidence = 1.F;  // In [0, 1].
};

// A frame that the library may keep: owner holds the pixels until the last copy is gone.
struct Frame {
  FrameView view;
  std::shared_ptr<const void> owner;
  Timestamp time{};
  std::vector<MarkedFace> faces;  // Heeded in Region::kRoiList only.
};

}  // namespace dfd
