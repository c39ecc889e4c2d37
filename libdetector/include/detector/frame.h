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

// 8 bits a sample. X is a byte that is ignored (padding or alpha).
enum class PixelFormat { kI420, kYv12, kNv12, kRgb, kBgr, kRgbx, kBgrx, kXrgb, kXbgr };

// Where a chroma sample of a 4:2:0 picture lies among its four luma samples.
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
};

// Points at pixels that somebody else owns, in the host's memory or a CUDA device's. Planes: I420 Y
// U V, YV12 Y V U, NV12 Y UV, packed one.
struct FrameView {
  int width = 0;   // Pixels, > 0.
  int height = 0;  // Rows, > 0.
  PixelFormat format = PixelFormat::kRgb;
  ColorEncoding color;
  std::array<Plane, 3> planes;
  Memory memory = Memory::kHost;
  int device_index = 0;  // Of the CUDA device.
};

// A face that somebody else has found.
struct MarkedFace {
  RectF box;               // Pixels of the frame.
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
