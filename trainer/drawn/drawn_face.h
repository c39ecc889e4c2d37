// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Faces drawn from numbers: shaded, textured, moving; good enough that face detectors find them.

#pragma once

#include <cstdint>
#include <random>

#include <opencv2/core.hpp>

#include "detector/geometry.h"

namespace dfd {

// Side of the square picture a face is drawn in; the head fills its middle.
constexpr int kFacePicture = 256;

// What makes a person: the same numbers in every clip of the same identity.
struct Identity {
  cv::Scalar skin, hair, iris, lips;                                              // RGB
  double jaw = 1, eye_distance = 1, eye_size = 1, nose = 1, mouth = 1, brow = 1;  // Around 1.
  std::uint64_t texture = 0;  // Seed of the skin.
};

Identity random_identity(std::uint64_t seed);

// What changes from frame to frame.
struct Expression {
  double yaw = 0;    // Head turn, [-1, 1] is about 20 degrees to each side.
  double pitch = 0;  // Nod, likewise.
  double mouth = 0;  // Open, [0, 1].
  double blink = 0;  // Closed, [0, 1].
  double light = 0;  // Side the light comes from, [-1, 1].
};

struct DrawnFace {
  cv::Mat rgb;    // CV_8UC3, kFacePicture a side.
  cv::Mat alpha;  // CV_32FC1 in [0, 1].
  RectF box;      // In MTCNN's manner: eyebrows' height above the eyes down to the chin.
  FaceLandmarks landmarks;
};

// Draws one person. Thread-compatible; drawing only reads.
class FaceArtist {
 public:
  explicit FaceArtist(const Identity& identity);
  DrawnFace draw(const Expression& expression) const;

 private:
  Identity identity_;
  cv::Mat texture_;  // CV_32FC1, levels of 255: the same in every picture of this person.
};

// picture + (over - picture) * mask, all of one size: CV_8UC3, CV_8UC3, CV_32FC1.
void blend_colors(cv::Mat& picture, const cv::Mat& over, const cv::Mat& mask);

// Where a forger works: eyes to mouth, soft at the edge. CV_32FC1 in [0, 1].
cv::Mat inner_face_mask(const DrawnFace& face, double softness);

}  // namespace dfd
