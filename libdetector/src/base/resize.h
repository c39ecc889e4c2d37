// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures made smaller.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <opencv2/core.hpp>

namespace dfd {

// As cv::resize with INTER_AREA, which is several times slower for ratios that are not whole.
// picture: CV_8U of 1 to 4 channels, no side smaller than the size's.
cv::Mat average_areas(const cv::Mat& picture, const cv::Size& size);

// The same of one channel that is given row by row: row(y, buffer) puts from.width values of 10
// bits into the buffer. Rounded to 8 bits at the end.
using ReadRow = std::function<void(int y, std::uint16_t* buffer)>;
cv::Mat average_areas(const ReadRow& row, const cv::Size& from, const cv::Size& size);

// Pillow's bilinear resize (a triangle filter as wide as the reduction; horizontal, then vertical,
// rounded to 8 bits after each), which torchvision's Resize uses on images. rgb: CV_8UC3.
cv::Mat resize_bilinear(const cv::Mat& rgb, const cv::Size& size);

}  // namespace dfd
