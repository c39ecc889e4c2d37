// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/face_mask.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "detector/error.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

constexpr int kSize = 180;
constexpr double kSide = 100;  // Of the face, in pixels.

// Places in parts of the face's square.
const cv::Point2d kLeftEye(0.34, 0.46), kRightEye(0.66, 0.46), kNose(0.5, 0.64), kMouth(0.5, 0.82),
    kForehead(0.5, 0.22), kChin(0.5, 0.98), kLeftTemple(0.16, 0.25), kRightJaw(0.85, 0.95);

// The mask's value at a place of the usual face.
float at(const cv::Mat& mask, const cv::Point2d& place) {
  const auto pixel = [](double part) {
    return static_cast<int>((part - 0.5) * kSide + kSize / 2.0);
  };
  return mask.at<float>(pixel(place.y), pixel(place.x));
}

struct KindCase {
  MaskKind kind;
  std::vector<cv::Point2d> covered, free;
};

const std::vector<KindCase> kCases{
    {MaskKind::kWholeFace,
     {kLeftEye, kRightEye, kNose, kMouth, kForehead},
     {{0.03, 0.5}, {0.97, 0.5}, {0.5, -0.1}, {0.5, 1.3}, kRightJaw}},
    {MaskKind::kNoForehead,
     {kLeftEye, kRightEye, kNose, kMouth},
     {kForehead, kLeftTemple, kRightJaw}},
    {MaskKind::kInnerFace, {kNose, kMouth}, {kForehead, {0.5, 1.06}, kLeftTemple, kRightJaw}},
    {MaskKind::kLowerFace, {kMouth}, {kLeftEye, kRightEye, kForehead, kRightJaw}},
    {MaskKind::kMouth, {kMouth}, {kLeftEye, kRightEye, kForehead, {0.5, 0.62}, {0.5, 1.02}}},
    {MaskKind::kEyes, {kLeftEye, kRightEye}, {kMouth, kForehead, {0.5, 0.66}, kChin}},
};

TEST(FaceMask, CoversItsPartAndNoOther) {
  for (const KindCase& expected : kCases) {
    for (std::uint64_t index = 0; index < 100; ++index) {
      Random random(1, 0, index, "mask");
      const cv::Mat mask =
          face_mask(draw_mask(expected.kind, random), usual_landmarks(kSide, kSize), kSize);
      for (const cv::Point2d& place : expected.covered) {
        ASSERT_GT(at(mask, place), 0.4) << to_string(expected.kind) << place << index;
      }
      for (const cv::Point2d& place : expected.free) {
        ASSERT_EQ(at(mask, place), 0) << to_string(expected.kind) << place << index;
      }
    }
  }
}

TEST(FaceMask, IsFloatFromNoughtToOne) {
  for (const KindCase& expected : kCases) {
    Random random(2);
    const cv::Mat mask =
        face_mask(draw_mask(expected.kind, random), usual_landmarks(kSide, kSize), kSize);
    EXPECT_EQ(mask.type(), CV_32FC1);
    EXPECT_EQ(mask.size(), cv::Size(kSize, kSize));
    double least = 0, most = 0;
    cv::minMaxLoc(mask, &least, &most);
    EXPECT_EQ(least, 0);
    EXPECT_NEAR(most, 1, 1e-6);
  }
}

TEST(FaceMask, HasASoftEdge) {
  const cv::Mat mask = face_mask({}, usual_landmarks(kSide, kSize), kSize);
  EXPECT_GT(cv::countNonZero((mask > 0.1) & (mask < 0.9)), 100);
}

TEST(FaceMask, FirstBlurErodesSecondSoftens) {
  const FaceLandmarks landmarks = usual_landmarks(kSize / 1.8, kSize);
  MaskPlan plan;
  plan.first_blur = plan.second_blur = 0.01;
  const cv::Mat sharp = face_mask(plan, landmarks, kSize);
  plan.first_blur = 0.06;
  EXPECT_LT(cv::sum(face_mask(plan, landmarks, kSize))[0], 0.95 * cv::sum(sharp)[0]);
  plan.first_blur = 0.01;
  plan.second_blur = 0.08;
  const cv::Mat soft = face_mask(plan, landmarks, kSize);
  const auto half_way = [](const cv::Mat& mask) {
    return cv::countNonZero((mask > 0.1) & (mask < 0.9));
  };
  EXPECT_GT(half_way(soft), 2 * half_way(sharp));
}

TEST(FaceMask, WavesBendItsEdge) {
  MaskPlan bent;
  bent.waves[0] = {{0.04, 0.04}, {1.5, 1}, 1};
  const FaceLandmarks landmarks = usual_landmarks(kSide, kSize);
  const cv::Mat difference =
      cv::abs(face_mask(bent, landmarks, kSize) - face_mask({}, landmarks, kSize));
  EXPECT_GT(cv::sum(difference)[0], 50);
}

TEST(FaceMask, FollowsTheFacesTurnPlaceAndSize) {
  // A quarter turn clockwise about the picture's middle, half as large, then 20 pixels to the
  // right.
  FaceLandmarks turned = usual_landmarks(kSide, kSize);
  for (PointF& point : turned) {
    const float x = point.x - kSize / 2.F;
    const float y = point.y - kSize / 2.F;
    point = {kSize / 2.F - y / 2 + 20, kSize / 2.F + x / 2};
  }
  for (const KindCase& expected : kCases) {
    MaskPlan plan;
    plan.kind = expected.kind;
    const auto middle = [&](const FaceLandmarks& landmarks) {
      const cv::Moments moments = cv::moments(face_mask(plan, landmarks, kSize));
      return cv::Point2d(moments.m10 / moments.m00, moments.m01 / moments.m00) -
             cv::Point2d((kSize - 1) / 2.0, (kSize - 1) / 2.0);
    };
    const cv::Point2d upright = middle(usual_landmarks(kSide, kSize));
    const cv::Point2d found = middle(turned);
    EXPECT_NEAR(found.x, 20 - upright.y / 2, 0.7) << to_string(expected.kind);
    EXPECT_NEAR(found.y, upright.x / 2, 0.7) << to_string(expected.kind);
  }
}

TEST(FaceMask, IsNeverEmptyHoweverSmallTheFace) {
  for (const KindCase& expected : kCases) {
    for (int size = 8; size < 70; size += 3) {
      for (const double side : {1.5, 4.0, size / 1.8}) {
        Random random(3, 0, static_cast<std::uint64_t>(size), "mask");
        const cv::Mat mask =
            face_mask(draw_mask(expected.kind, random), usual_landmarks(side, size), size);
        ASSERT_GT(cv::countNonZero(mask), 0) << to_string(expected.kind) << size << " " << side;
      }
    }
  }
}

TEST(FaceMask, OfAFaceCutByTheEdgeIsWhatIsLeft) {
  FaceLandmarks landmarks = usual_landmarks(kSide, kSize);
  for (PointF& point : landmarks) point.x -= 100;
  const cv::Mat mask = face_mask({}, landmarks, kSize);
  EXPECT_EQ(mask.at<float>(90, 0), 1);
  EXPECT_EQ(cv::countNonZero(mask.colRange(60, kSize)), 0);
}

TEST(FaceMask, WhereThePartIsOutsideTheWholeFaceStandsIn) {
  FaceLandmarks landmarks = usual_landmarks(kSide, kSize);
  for (PointF& point : landmarks) point.y += 80;
  MaskPlan mouth;
  mouth.kind = MaskKind::kMouth;
  EXPECT_EQ(cv::norm(face_mask(mouth, landmarks, kSize), face_mask({}, landmarks, kSize)), 0);
}

TEST(FaceMask, RefusesLandmarksThatAreNoFace) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  std::vector<FaceLandmarks> wrong(6, usual_landmarks(kSide, kSize));
  wrong[0].fill({50, 50});
  wrong[1][2].x = nan;
  wrong[2][4].y = infinite;
  for (PointF& point : wrong[3]) point.x += 500;
  for (PointF& point : wrong[4]) point.x *= 1e30F;
  for (PointF& point : wrong[5]) point = {point.x * 100, point.y * 100};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    for (const KindCase& expected : kCases) {
      MaskPlan plan;
      plan.kind = expected.kind;
      try {
        face_mask(plan, wrong[i], kSize);
        FAIL() << i << to_string(expected.kind);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
      }
    }
  }
  EXPECT_THROW(face_mask({}, usual_landmarks(kSide, kSize), 0), Error);
}

TEST(FaceToPicture, IsExactForTheUsualFace) {
  const cv::Matx23d similarity = face_to_picture(usual_landmarks(kSide, kSize));
  EXPECT_NEAR(side_of(similarity), kSide, 1e-3);
  const cv::Vec2d middle = similarity * cv::Vec3d(0.5, 0.5, 1);
  EXPECT_NEAR(middle[0], kSize / 2.0, 1e-3);
  EXPECT_NEAR(middle[1], kSize / 2.0, 1e-3);
}

TEST(UsualLandmarks, LieAsAFaceDoes) {
  const FaceLandmarks landmarks = usual_landmarks(142, 256);
  EXPECT_NEAR(landmarks[0].x + landmarks[1].x, 256, 1e-3);
  EXPECT_NEAR(landmarks[2].x, 128, 1e-3);
  EXPECT_LT(landmarks[0].x, landmarks[1].x);
  EXPECT_LT(landmarks[0].y, landmarks[2].y);
  EXPECT_LT(landmarks[2].y, landmarks[3].y);
  EXPECT_THROW(usual_landmarks(0, 256), Error);
  EXPECT_THROW(usual_landmarks(std::numeric_limits<double>::quiet_NaN(), 256), Error);
  EXPECT_THROW(usual_landmarks(142, 0), Error);
}

}  // namespace
}  // namespace dfd
