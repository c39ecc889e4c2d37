// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/picture_watch.h"

#include <chrono>

#include <opencv2/core.hpp>

#include "base/picture.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""s;

// Averages over 64 x 36 areas: camera noise vanishes in them, a blink does not.
const cv::Size kThumbnail(64, 36);
constexpr double kBrightestOfBlack = 24;  // Of 255; noise and logos' shadows in a faded picture.
constexpr double kUnchanged = 1;          // Of 255; rounding of an encoded still.
constexpr Timestamp kFrozenAfter = 2s;

}  // namespace

Reason PictureWatch::look(const FrameView& view, Timestamp time) {
  const cv::Mat thumbnail = reduced_rgb(view, kThumbnail);
  if (kept_.empty() || cv::norm(thumbnail, kept_, cv::NORM_INF) > kUnchanged) {
    kept_ = thumbnail;
    kept_time_ = time;
  }
  if (cv::norm(thumbnail, cv::NORM_INF) <= kBrightestOfBlack) return Reason::kBlack;
  return time - kept_time_ >= kFrozenAfter ? Reason::kFrozen : Reason::kNone;
}

}  // namespace dfd
