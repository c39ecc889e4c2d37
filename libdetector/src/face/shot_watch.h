// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Notices where a video is cut.

#pragma once

#include <opencv2/core.hpp>

namespace dfd {

// Thread-compatible.
class ShotWatch {
 public:
  // Is this frame, of which a thumbnail is given, of another shot than the one before? Both the
  // structure and the colours of the picture must have changed: a moving head changes the first,
  // light the second.
  bool is_cut(const cv::Mat& thumbnail);

 private:
  cv::Mat structure_;  // Thumbnail, grey, without its mean.
  cv::Mat colors_;     // Histogram, shares of the picture.
};

}  // namespace dfd
