// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/forgeries.h"

#include <cmath>

#include <opencv2/imgproc.hpp>

namespace dfd {
namespace {

cv::Mat shifted(const cv::Mat& picture, double x, double y) {
  const cv::Matx23d move(1, 0, x, 0, 1, y);
  cv::Mat moved;
  cv::warpAffine(picture, moved, move, picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return moved;
}

// Moves the pixels of the inner face in waves that change from frame to frame.
cv::Mat warped(const cv::Mat& picture, Random& random) {
  cv::Mat map_x(picture.size(), CV_32F);
  cv::Mat map_y(picture.size(), CV_32F);
  const double size = random.between(4, 9);
  const double phase = random.between(0, 2 * CV_PI);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      map_x.at<float>(y, x) = static_cast<float>(x + size * std::sin(y / 14.0 + phase));
      map_y.at<float>(y, x) = static_cast<float>(y + size * std::cos(x / 14.0 - phase));
    }
  }
  cv::Mat moved;
  cv::remap(picture, moved, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return moved;
}

cv::Mat rescaled(const cv::Mat& picture, Random& random) {
  const double factor = random.between(0.16, 0.28);
  cv::Mat small;
  cv::resize(picture, small, {}, factor, factor, cv::INTER_NEAREST);
  cv::Mat large;
  cv::resize(small, large, picture.size(), 0, 0, cv::INTER_LINEAR);
  return large;
}

// What a generator of few pixels makes of a face: smooth where skin has texture.
cv::Mat generated(const cv::Mat& picture) {
  constexpr double kFactor = 0.3;  // A face of 132 pixels from 40: a small network's.
  cv::Mat small;
  cv::resize(picture, small, {}, kFactor, kFactor, cv::INTER_AREA);
  cv::Mat large;
  cv::resize(small, large, picture.size(), 0, 0, cv::INTER_LINEAR);
  return large;
}

}  // namespace

void forge(DrawnFace& face, const DrawnFace& other, const ClipPlan& plan, Random& random) {
  const double x = random.normal(2);
  const double y = random.normal(2);
  switch (plan.forgery) {
    case Forgery::kNone:
      // Cut out and pasted back without blending: the act alone is no forgery.
      if (plan.pasted_back) blend_colors(face.rgb, face.rgb.clone(), inner_face_mask(face, 0));
      break;
    case Forgery::kBlend:
      blend_colors(face.rgb, shifted(generated(other.rgb), x, y), inner_face_mask(face, 5) * 0.95);
      break;
    case Forgery::kFlicker:
      blend_colors(face.rgb, generated(other.rgb) * random.between(0.8, 1.2),
                   inner_face_mask(face, 5) * random.between(0.3, 1));
      break;
    case Forgery::kWarp:
      blend_colors(face.rgb, warped(face.rgb, random), inner_face_mask(face, 8));
      break;
    case Forgery::kRescale:
      blend_colors(face.rgb, shifted(rescaled(face.rgb, random), x, y), inner_face_mask(face, 5));
      break;
  }
}

}  // namespace dfd
