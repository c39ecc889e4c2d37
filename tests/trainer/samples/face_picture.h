// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A face of a few shapes with texture all over, as a master crop.

#pragma once

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "samples/face_mask.h"

namespace dfd::test {

// The face's side in a master crop of size pixels and margin 1.8.
inline double face_side(int size) { return size / 1.8; }

// RGB, CV_8UC3, size x size; its landmarks are usual_landmarks(face_side(size), size).
inline cv::Mat face_picture(int size) {
  const FaceLandmarks landmarks = usual_landmarks(face_side(size), size);
  cv::Mat picture(size, size, CV_8UC3, cv::Scalar(60, 90, 140));
  const auto at = [&](std::size_t i) {
    return cv::Point(cvRound(landmarks[i].x), cvRound(landmarks[i].y));
  };
  const auto part = [&](double sides) { return std::max(1, cvRound(sides * face_side(size))); };
  cv::ellipse(picture, {size / 2, size / 2 + part(0.06)}, {part(0.36), part(0.5)}, 0, 0, 360,
              cv::Scalar(200, 150, 120), cv::FILLED);
  for (const std::size_t eye : {0U, 1U}) {
    cv::circle(picture, at(eye), part(0.05), cv::Scalar(50, 40, 30), cv::FILLED);
  }
  cv::line(picture, at(3), at(4), cv::Scalar(160, 60, 70), part(0.05));
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      // Fine as skin's: a period of some pixels, in all directions.
      const double texture = 9 * std::sin(x * 1.1 + y * 0.4) + 9 * std::sin(y * 1.3 - x * 0.5);
      for (int i = 0; i < 3; ++i) {
        auto& level = picture.at<cv::Vec3b>(y, x)[i];
        level = cv::saturate_cast<uchar>(level + texture);
      }
    }
  }
  return picture;
}

// Mean square of the Laplacian: how much fine structure there is.
inline double sharpness(const cv::Mat& rgb) {
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::Mat edges;
  cv::Laplacian(grey, edges, CV_64F);
  return cv::norm(edges, cv::NORM_L2SQR) / static_cast<double>(edges.total());
}

inline double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

// Of all channels.
inline double mean_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total() * 3);
}

}  // namespace dfd::test
