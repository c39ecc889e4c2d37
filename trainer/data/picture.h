// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files of single pictures.

#pragma once

#include <string>

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

// A picture file as RGB, CV_8UC3. Throws Error: kNotFound, kIo.
cv::Mat read_picture(const std::string& path);

// Writes an RGB picture, CV_8UC3, in the format of the path's ending. Throws Error(kIo).
void write_picture(const std::string& path, const cv::Mat& rgb);

// A frame over an RGB picture, which it keeps.
Frame frame_of(const cv::Mat& rgb);

}  // namespace dfd
