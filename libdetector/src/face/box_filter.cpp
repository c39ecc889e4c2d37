// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/box_filter.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace dfd {
namespace {

// States: centre x, centre y, height, aspect (width over height), then their changes a second.
constexpr int kStates = 8;
constexpr int kMeasured = 4;
constexpr int kHeight = 2;
constexpr int kAspect = 3;

// Standard deviations. Lengths are in box heights, so that a face near the camera may move farther.
constexpr float kDetectionNoise = 0.03F;  // Of a sure detection: docs/lab/faces.md.
constexpr float kDoubt = 4;               // How many times noisier a detection of confidence 0 is.
constexpr float kAspectNoise = 0.04F;
constexpr float kSpeed = 1;           // A second: a walker, a hand-held camera.
constexpr float kGrowth = 0.5F;       // A second: a face that comes nearer.
constexpr float kAspectSpeed = 0.1F;  // A second.

// Heads turn back and cameras shake: after this many seconds a speed has lost two thirds. One that
// is kept overshoots: in a shaking picture of a crowd people then took each other's tracks.
constexpr float kMemory = 0.15F;

cv::Mat measurement_of(const RectF& box) {
  return (cv::Mat_<float>(kMeasured, 1) << box.x + box.width / 2, box.y + box.height / 2,
          box.height, box.width / box.height);
}

float square(float value) { return value * value; }

// Standard deviation of a state's change a second.
float speed_of(int state, float height) {
  if (state == kAspect) return kAspectSpeed;
  return (state == kHeight ? kGrowth : kSpeed) * height;
}

}  // namespace

BoxFilter::BoxFilter(const RectF& box, Timestamp time)
    : filter_(kStates, kMeasured, 0, CV_32F), time_(time) {
  measurement_of(box).copyTo(filter_.statePost.rowRange(0, kMeasured));
  cv::setIdentity(filter_.measurementMatrix);
  for (int i = 0; i < kMeasured; ++i) {
    filter_.errorCovPost.at<float>(i, i) =
        square(i == kAspect ? kAspectNoise : kDetectionNoise * box.height);
    filter_.errorCovPost.at<float>(i + kMeasured, i + kMeasured) = square(speed_of(i, box.height));
  }
}

void BoxFilter::predict(Timestamp time) {
  const float seconds = std::chrono::duration<float>(time - time_).count();
  if (seconds <= 0) return;
  time_ = time;
  cv::setIdentity(filter_.transitionMatrix);
  filter_.processNoiseCov.setTo(0);
  const float height = std::max(1.F, filter_.statePost.at<float>(kHeight));
  // A speed that fades and is renewed at random (Ornstein and Uhlenbeck 1930), over a step of this
  // length: x' = x + memory (1 - kept) v, v' = kept v, and the covariance of what is added.
  const float kept = std::exp(-seconds / kMemory);
  for (int i = 0; i < kMeasured; ++i) {
    const int speed = i + kMeasured;
    filter_.transitionMatrix.at<float>(i, speed) = kMemory * (1 - kept);
    filter_.transitionMatrix.at<float>(speed, speed) = kept;
    const float variance = square(speed_of(i, height));
    const float both = variance * kMemory * square(1 - kept);
    filter_.processNoiseCov.at<float>(i, i) =
        variance * square(kMemory) * (2 * seconds / kMemory - 3 + 4 * kept - square(kept));
    filter_.processNoiseCov.at<float>(i, speed) = both;
    filter_.processNoiseCov.at<float>(speed, i) = both;
    filter_.processNoiseCov.at<float>(speed, speed) = variance * (1 - square(kept));
  }
  filter_.predict();
}

void BoxFilter::correct(const RectF& box, float confidence) {
  const float doubt = 1 + (kDoubt - 1) * (1 - std::clamp(confidence, 0.F, 1.F));
  filter_.measurementNoiseCov.setTo(0);
  for (int i = 0; i < kMeasured; ++i) {
    filter_.measurementNoiseCov.at<float>(i, i) =
        square(doubt * (i == kAspect ? kAspectNoise : kDetectionNoise * box.height));
  }
  // OpenCV corrects from the predicted state, which is the last one when no time has passed.
  filter_.statePost.copyTo(filter_.statePre);
  filter_.errorCovPost.copyTo(filter_.errorCovPre);
  filter_.correct(measurement_of(box));
}

RectF BoxFilter::box() const {
  // A face that shrinks fast must not turn inside out.
  const float height = std::max(1.F, filter_.statePost.at<float>(kHeight));
  const float width = std::max(0.1F, filter_.statePost.at<float>(kAspect)) * height;
  return {filter_.statePost.at<float>(0) - width / 2, filter_.statePost.at<float>(1) - height / 2,
          width, height};
}

float BoxFilter::distance(const RectF& box) const {
  const cv::Mat measured = measurement_of(box);
  float sum = 0;
  for (int i = 0; i < kHeight; ++i) {  // x and y; the filter keeps them apart.
    const float off = measured.at<float>(i) - filter_.statePost.at<float>(i);
    sum +=
        square(off) / (filter_.errorCovPost.at<float>(i, i) + square(kDetectionNoise * box.height));
  }
  return sum;
}

}  // namespace dfd
