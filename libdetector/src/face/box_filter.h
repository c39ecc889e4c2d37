// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a face is and how it moves: a Kalman filter over centre, height and aspect of its box and
// their speeds (8 states; Bewley et al. 2016 and Wojke et al. 2017 track people so), in real time
// instead of frames, and with speeds that fade.

#pragma once

#include <opencv2/video/tracking.hpp>

#include "detector/frame.h"
#include "detector/geometry.h"

namespace dfd {

// Thread-compatible. Boxes are in pixels and not empty; times must not fall.
class BoxFilter {
 public:
  BoxFilter(const RectF& box, Timestamp time);

  void predict(Timestamp time);

  // A detection of the time predicted last. confidence, [0, 1]: the lower, the less it moves the
  // state.
  void correct(const RectF& box, float confidence);

  RectF box() const;

  // How far a detection's centre lies from the predicted one, squared, in standard deviations of
  // what is known (Mahalanobis).
  float distance(const RectF& box) const;

 private:
  cv::KalmanFilter filter_;
  Timestamp time_;
};

}  // namespace dfd
