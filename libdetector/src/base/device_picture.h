// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The functions of base/picture.h for frames in the memory of a CUDA device: computed there, and no
// more than the picture is downloaded. The room cuda has them; in a build without CUDA both throw
// Error(kDeviceUnavailable).

#pragma once

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

// CV_8UC3, RGB. The frame's pixels must be there, not in the making on some stream.
cv::Mat rgb_region_from_device(const FrameView& view, const cv::Rect& region);
cv::Mat reduced_rgb_from_device(const FrameView& view, const cv::Rect& region,
                                const cv::Size& size);

}  // namespace dfd
