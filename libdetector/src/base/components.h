// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a Y'CbCr frame keeps its samples, whatever its format.

#pragma once

#include <cstddef>
#include <cstdint>

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

bool is_yuv(PixelFormat format);

// Y', Cb or Cr of the rows that are read: of an interlaced frame the top field's. Borrowed.
class Component {
 public:
  enum class Coding {
    kBytes,
    kLow10,   // In the low bits of two bytes.
    kHigh10,  // In the high ones.
    kV210,    // Three to four bytes.
  };

  int width() const { return width_; }
  int height() const { return height_; }

  // Samples x to x + count of a row, in steps of 10 bits: of 8-bit ones four times the value.
  void read(int y, int x, int count, std::uint16_t* to) const;

  // A header over the samples where they are bytes that lie side by side, else empty.
  cv::Mat as_picture() const;

 private:
  friend struct Components;

  const std::uint8_t* data_ = nullptr;  // Of sample 0.
  std::ptrdiff_t stride_ = 0;
  int step_ = 1;  // Bytes between two samples; of kV210 the channel.
  int width_ = 0;
  int height_ = 0;
  int x_ = 0;  // Of the part that is looked at.
  int y_ = 0;
  Coding coding_ = Coding::kBytes;
};

struct Components {
  explicit Components(const FrameView& view);

  // Those of a part of the frame, which begins on whole chroma samples of the top field.
  Components part(const cv::Rect& region) const;

  // A header over NV12's and NV21's pairs of chroma bytes, CV_8UC2, else empty.
  cv::Mat chroma_pairs() const;
  bool cr_before_cb() const { return cr.data_ < cb.data_; }

  Component luma, cb, cr;
  bool colored = true;  // Else there are no chroma samples.
  int shift_x = 0;      // Luma columns to a chroma sample: 1 << shift_x.
  int shift_y = 0;
  int row_shift = 0;  // Rows of the frame to a row that is read: 1 << row_shift.
};

// Throws Error(kInvalidArgument) when a stride or plane cannot be right for the view's size.
void check_planes(const FrameView& view);

}  // namespace dfd
