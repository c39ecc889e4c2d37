// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a frame's numbers to R'G'B' of a display of standard range.

#pragma once

#include <array>
#include <cstdint>

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

// Of R', G' or B' in 1023rds: the same light, as far as a display of standard range has it. Light
// up to 0.8 of reference white (203 cd/m2, ITU-R BT.2408) is kept, what is brighter is pressed
// together below white, and the result is coded by the inverse of BT.1886. Of HLG the display is
// one of 1000 cd/m2 with a system gamma of 1.2, taken channel by channel. transfer: not kSdr.
const std::array<std::uint8_t, 1024>& tones_of(Transfer transfer);

// Of one pixel. Y'CbCr -> R'G'B' by the matrix of kr and kb (ITU-R BT.601, 709, 2020).
class ColorMatrix {
 public:
  // Inline, or the compiler takes every byte that is written for one of the members.
  explicit ColorMatrix(const ColorEncoding& color)
      : tones_(color.transfer == Transfer::kSdr ? nullptr : &tones_of(color.transfer)) {
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

  // Values in steps of 8 bits, of 10-bit samples with their quarters. rgb: three bytes.
  void convert(float luma, float cb, float cr, std::uint8_t* rgb) const {
    const float y = (luma - offset_) * luma_;
    rgb[0] = to_byte(y + red_cr_ * (cr - 128.F));
    rgb[1] = to_byte(y + green_cb_ * (cb - 128.F) + green_cr_ * (cr - 128.F));
    rgb[2] = to_byte(y + blue_cb_ * (cb - 128.F));
  }

 private:
  std::uint8_t to_byte(float value) const {
    if (tones_ != nullptr) {
      const float index = value * (1023.F / 255.F) + 0.5F;
      return (*tones_)[index <= 0 ? 0 : index >= 1023 ? 1023 : static_cast<int>(index)];
    }
    const float rounded = value + 0.5F;
    return static_cast<std::uint8_t>(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
  }

  float luma_, offset_, red_cr_, blue_cb_, green_cr_, green_cb_;
  const std::array<std::uint8_t, 1024>* tones_;  // None: standard range.
};

// R'G'B' of studio range or of a high dynamic range, CV_8UC3, in place.
void to_standard_range(cv::Mat& rgb, const ColorEncoding& color);

}  // namespace dfd
