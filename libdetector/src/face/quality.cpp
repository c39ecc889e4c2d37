// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/quality.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

namespace dfd {
namespace {

// All measured on eight real clips, two generated and eight drawn ones, faces of 64 pixels and more
// found by MTCNN, crops of 160 x 160.

// How far the nose lies from the middle of the eyes, in distances of the eyes: at most 0.27 in
// clips of people who face the camera, 0.4 to 1.3 on a stage seen from the side.
constexpr float kFarthestNose = 0.6F;

// Mean luma, of 255. Faces of an audience in the dark: 14 to 25; all others 40 to 200.
constexpr double kDarkest = 25;
constexpr double kBrightest = 235;

// The side that softness is judged at, in pixels: the crops' that the limit was measured on. The
// same face is softer in a larger crop.
constexpr int kJudgedSide = 160;

// Variance of the Laplacian. The softest faces that are in focus, 64 pixels enlarged to 160: 3.8;
// swung and out of focus: 0.9 to 2.2; all others from 6.
constexpr double kSoftest = 3;

// Of its box, behind another face: with a third an eye is gone, or half the mouth. Not measured.
constexpr float kMostHidden = 1.F / 3;

// Whoever stands nearer to the camera has the lower chin.
bool stands_before(const RectF& nearer, const RectF& face) {
  const float width =
      std::min(nearer.x + nearer.width, face.x + face.width) - std::max(nearer.x, face.x);
  const float height =
      std::min(nearer.y + nearer.height, face.y + face.height) - std::max(nearer.y, face.y);
  return nearer.y + nearer.height > face.y + face.height && width > 0 && height > 0 &&
         width * height > kMostHidden * face.width * face.height;
}

bool is_profile(const FaceDetection& face) {
  if (!face.landmarks) return false;
  const FaceLandmarks& points = *face.landmarks;
  const float eyes = std::abs(points[1].x - points[0].x);
  const float nose = std::abs(points[2].x - (points[0].x + points[1].x) / 2);
  return nose > kFarthestNose * std::max(1.F, eyes);
}

}  // namespace

Reason quality_of(const cv::Mat& crop, const FaceDetection& face, const std::vector<RectF>& faces,
                  float least_confidence) {
  if (face.confidence < least_confidence) return Reason::kLowConfidence;
  const bool occluded = std::any_of(faces.begin(), faces.end(), [&](const RectF& other) {
    return stands_before(other, face.box);
  });
  if (occluded) return Reason::kOccluded;
  if (is_profile(face)) return Reason::kProfile;
  cv::Mat gray;
  cv::cvtColor(crop, gray, cv::COLOR_RGB2GRAY);
  const double light = cv::mean(gray)[0];
  if (light < kDarkest) return Reason::kDark;
  if (light > kBrightest) return Reason::kBright;
  if (gray.cols != kJudgedSide || gray.rows != kJudgedSide) {
    const bool shrinks = gray.cols > kJudgedSide;
    cv::resize(gray, gray, {kJudgedSide, kJudgedSide}, 0, 0,
               shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
  cv::Mat edges;
  cv::Laplacian(gray, edges, CV_32F);
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(edges, mean, deviation);
  return deviation[0] * deviation[0] < kSoftest ? Reason::kBlurred : Reason::kNone;
}

}  // namespace dfd
