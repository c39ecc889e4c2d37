// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Notices pictures that say nothing: black ones, and ones that do not change.

#pragma once

#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/report.h"

namespace dfd {

// Thread-compatible.
class PictureWatch {
 public:
  // kBlack, kFrozen (unchanged for 2 s) or kNone, told by the frame's thumbnail. Times must not
  // fall.
  Reason look(const cv::Mat& thumbnail, Timestamp time);

 private:
  cv::Mat kept_;  // Thumbnail since which nothing has changed.
  Timestamp kept_time_{};
};

}  // namespace dfd
