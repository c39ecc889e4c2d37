// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures to try things on.

#pragma once

#include <opencv2/core.hpp>

namespace dfd::test {

// RGB, CV_8UC3, by a formula that other programs can follow.
inline cv::Mat ramp(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.at<cv::Vec3b>(y, x) = {static_cast<uchar>(x * 37 % 256),
                                     static_cast<uchar>(y * 53 % 256),
                                     static_cast<uchar>((x * y * 7 + x) % 256)};
    }
  }
  return picture;
}

}  // namespace dfd::test
