// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/quality.h"

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

namespace dfd {
namespace {

constexpr float kLeast = 0.5F;

// Texture around a level, as a face in good light.
cv::Mat textured(double level, double spread) {
  cv::Mat crop(160, 160, CV_8UC3);
  cv::RNG(4).fill(crop, cv::RNG::NORMAL, level, spread);
  return crop;
}

FaceDetection frontal() {
  FaceDetection face;
  face.box = {0, 0, 80, 100};
  face.confidence = 0.95F;
  face.landmarks =
      FaceLandmarks{PointF{25, 40}, PointF{55, 40}, PointF{40, 60}, PointF{28, 75}, PointF{52, 75}};
  return face;
}

TEST(Quality, AFrontalSharpLitFaceIsGood) {
  EXPECT_EQ(quality_of(textured(120, 20), frontal(), {}, kLeast), Reason::kNone);
}

TEST(Quality, EachFaultHasItsReason) {
  EXPECT_EQ(quality_of(textured(12, 4), frontal(), {}, kLeast), Reason::kDark);
  EXPECT_EQ(quality_of(textured(248, 4), frontal(), {}, kLeast), Reason::kBright);
  cv::Mat soft;
  cv::GaussianBlur(textured(120, 20), soft, {}, 6);
  EXPECT_EQ(quality_of(soft, frontal(), {}, kLeast), Reason::kBlurred);
  FaceDetection turned = frontal();
  turned.landmarks->at(2).x = 62;
  EXPECT_EQ(quality_of(textured(120, 20), turned, {}, kLeast), Reason::kProfile);
  FaceDetection unsure = frontal();
  unsure.confidence = 0.4F;
  EXPECT_EQ(quality_of(textured(120, 20), unsure, {}, kLeast), Reason::kLowConfidence);
}

TEST(Quality, AFaceBehindAnotherIsOccluded) {
  const FaceDetection face = frontal();
  const auto beside = [&](const RectF& other) {
    return quality_of(textured(120, 20), face, {face.box, other}, kLeast);
  };
  EXPECT_EQ(beside({40, 30, 80, 100}), Reason::kOccluded);  // Nearer: its chin is lower.
  EXPECT_EQ(beside({40, -30, 80, 100}), Reason::kNone);     // Farther: it is the one covered.
  EXPECT_EQ(beside({70, 30, 80, 100}), Reason::kNone);      // Hardly touches it.
  EXPECT_EQ(beside({300, 30, 80, 100}), Reason::kNone);
}

TEST(Quality, WithoutLandmarksAProfileCannotBeTold) {
  FaceDetection turned = frontal();
  turned.landmarks->at(2).x = 62;
  turned.landmarks.reset();
  EXPECT_EQ(quality_of(textured(120, 20), turned, {}, kLeast), Reason::kNone);
}

}  // namespace
}  // namespace dfd
