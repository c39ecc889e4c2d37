// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a forger works on a face: a soft mask placed by five landmarks.

#pragma once

#include <array>

#include <opencv2/core.hpp>

#include "data/random.h"
#include "detector/geometry.h"

namespace dfd {

// Which part of the face, by what it reaches.
enum class MaskKind {
  kWholeFace,   // Hairline to chin, temple to temple.
  kNoForehead,  // Eyebrows to chin.
  kInnerFace,   // Eyebrows to below the mouth, cheek to cheek.
  kLowerFace,   // Nose to chin.
  kMouth,
  kEyes,  // Both.
};
constexpr int kMaskKinds = 6;
const char* to_string(MaskKind kind) noexcept;

// Moves points of the outline to and fro along a direction.
struct MaskWave {
  cv::Point2d direction;  // Its length is the amplitude, in parts of the shape's smaller extent.
  cv::Point2d cycles;     // Over the shape's width and height.
  double phase = 0;       // Radians.
};

// Lengths are in parts of the face's square (the one in which the landmarks of a frontal face lie
// as usual_landmarks() has them) or of the shape's smaller extent, so a plan fits any picture.
struct MaskPlan {
  MaskKind kind = MaskKind::kWholeFace;
  cv::Point2d shift;        // Of the face's square.
  cv::Point2d scale{1, 1};  // About the shape's middle; > 0.
  double turn = 0;          // Degrees, about the shape's middle.
  std::array<MaskWave, 3> waves;
  // Shiohara and Yamasaki 2022: the edge is blurred, all that is not quite inside falls away, and
  // what is left is blurred again. Sigmas in parts of the extent.
  double first_blur = 0.03;
  double second_blur = 0.04;
};
// All but the kind.
MaskPlan draw_mask(MaskKind kind, Random& random);

// Parts of the face's square -> pixels: the similarity that fits the landmarks best in the sense of
// least squares. Throws Error(kInvalidArgument) for landmarks that are no numbers or all in one
// place.
cv::Matx23d face_to_picture(const FaceLandmarks& landmarks);
double side_of(const cv::Matx23d& similarity);  // Of the face's square, in pixels.

// The mask of a square picture, CV_32FC1 [size, size], in [0, 1], 1 somewhere; 0 for sure where the
// plan and its blur do not reach. Of a part most of which lies outside of the picture the whole
// face's mask stands in. Throws Error(kInvalidArgument) when that lies outside too, or the
// landmarks are no face's.
cv::Mat face_mask(const MaskPlan& plan, const FaceLandmarks& landmarks, int size);

// real + mask * (source - real), rounded: exactly real where the mask is 0. CV_8UC3, and the mask
// CV_32FC1 in [0, 1], all of one size.
cv::Mat mixed_by(const cv::Mat& mask, const cv::Mat& real, const cv::Mat& source);

// Where landmarks lie in a master crop when nobody has found them: those of a frontal face in the
// middle. box_side: of the face's square, in pixels of the crop; size: the crop's.
FaceLandmarks usual_landmarks(double box_side, int size);

}  // namespace dfd
