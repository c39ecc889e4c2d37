// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/picture_watch.h"

#include <chrono>

namespace dfd {
namespace {

using std::chrono_literals::operator""s;

constexpr double kBrightestOfBlack = 24;  // Of 255; noise and logos' shadows in a faded picture.
constexpr double kUnchanged = 1;          // Of 255; rounding of an encoded still.
constexpr Timestamp kFrozenAfter = 2s;

}  // namespace

Reason PictureWatch::look(const cv::Mat& thumbnail, Timestamp time) {
  if (kept_.empty() || cv::norm(thumbnail, kept_, cv::NORM_INF) > kUnchanged) {
    kept_ = thumbnail;
    kept_time_ = time;
  }
  if (cv::norm(thumbnail, cv::NORM_INF) <= kBrightestOfBlack) return Reason::kBlack;
  return time - kept_time_ >= kFrozenAfter ? Reason::kFrozen : Reason::kNone;
}

}  // namespace dfd
