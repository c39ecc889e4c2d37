// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From frames in any supported format to upright RGB pictures (CV_8UC3, channel order R, G, B),
// converting no more than is asked for. Regions and sizes are those of the upright frame
// (base/orientation.h).

#pragma once

#include <opencv2/core.hpp>

#include "base/orientation.h"
#include "detector/frame.h"

namespace dfd {

// No decoder gives more, and products of sides stay far from overflow.
constexpr int kMostPixelsPerSide = 32768;

// Throws Error(kInvalidArgument) when a size, stride or plane cannot be right.
void check_view(const FrameView& view);

// The pixels of a region that lies inside the frame, at full resolution. Colours follow the frame's
// matrix, range and chroma siting, as videoconvert's with chroma-mode=full.
cv::Mat rgb_region(const FrameView& view, const cv::Rect& region);

// The whole frame at a smaller size, averaged over areas. For detection: chroma siting, a quarter
// of a pixel at most, is left out.
cv::Mat reduced_rgb(const FrameView& view, const cv::Size& size);

// The same of a part of the frame that whole_samples() gave.
cv::Mat reduced_rgb(const FrameView& view, const cv::Rect& region, const cv::Size& size);

// The region, grown so far that it begins on a sample of chroma.
cv::Rect whole_samples(const FrameView& view, const cv::Rect& region);

// Averages over 64 x 36 areas, CV_8UC3: camera noise vanishes in them, a blink does not. What tells
// shots, stills and black pictures apart looks at these; turned as the frame is stored.
cv::Mat thumbnail_of(const FrameView& view);

}  // namespace dfd
