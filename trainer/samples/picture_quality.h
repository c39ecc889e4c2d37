// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How good a picture of a face is, in numbers that say nothing of who made it.

#pragma once

#include <array>

#include <opencv2/core.hpp>

#include "samples/degrade.h"

namespace dfd {

// By these names wherever there is one number of each.
inline constexpr std::array kQualities{"sharpness", "scale", "jpeg", "h264"};

// Logarithm of the mean absolute Laplacian in levels, and of the scale that the picture was once
// brought down to (0: it was not); 1 - quality / 100 of its worst JPEG file, and quantizer / 51 of
// the H.264 that it was in (each 0: none).
using PictureQuality = std::array<float, kQualities.size()>;

// crop: a network's, CV_8UC3. done: all that was done to it but for H.264, whose quantizer is
// [0, 51], 0: none.
PictureQuality picture_quality(const cv::Mat& crop, const Degradation& done, int quantizer);

}  // namespace dfd
