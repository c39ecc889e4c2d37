// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Two pictures of one scene made equally sharp: what a decoder leaves blurred must not be told by
// that alone.

#pragma once

#include <opencv2/core.hpp>

#include "samples/degrade.h"

namespace dfd {

// Mean absolute Laplacian of the brightness, in levels: how much fine structure there is. rgb:
// CV_8UC3.
double sharpness_of(const cv::Mat& rgb);

// What to do to each of them so that both are equally sharp, as far as that can be had: at most one
// of them is changed.
struct EqualSharpness {
  Degradation first, second;
};

// by_blur: the sharper is blurred, else the softer is sharpened. CV_8UC3 both. Pure, for any
// thread.
EqualSharpness equal_sharpness(const cv::Mat& first, const cv::Mat& second, bool by_blur);

}  // namespace dfd
