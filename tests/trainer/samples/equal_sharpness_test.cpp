// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/equal_sharpness.h"

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

class EqualSharpnessTest : public testing::Test {
 protected:
  static cv::Mat softer() {
    cv::Mat picture;
    cv::GaussianBlur(test::face_picture(96), picture, {}, 0.7);
    return picture;
  }
  const cv::Mat sharp_ = test::face_picture(96);
  const cv::Mat soft_ = softer();
};

TEST_F(EqualSharpnessTest, EitherTheSharperIsBlurredOrTheSofterSharpened) {
  ASSERT_LT(sharpness_of(soft_), 0.8 * sharpness_of(sharp_));
  for (const bool by_blur : {true, false}) {
    for (const bool sharp_first : {true, false}) {
      const cv::Mat& first = sharp_first ? sharp_ : soft_;
      const cv::Mat& second = sharp_first ? soft_ : sharp_;
      const EqualSharpness changes = equal_sharpness(first, second, by_blur);
      const cv::Mat first_after = degrade(first, changes.first);
      const cv::Mat second_after = degrade(second, changes.second);
      EXPECT_NEAR(sharpness_of(first_after) / sharpness_of(second_after), 1, 0.04);
      const bool first_changed = sharp_first == by_blur;
      EXPECT_EQ(test::largest_difference(first, first_after) > 0, first_changed);
      EXPECT_EQ(test::largest_difference(second, second_after) > 0, !first_changed);
    }
  }
}

TEST_F(EqualSharpnessTest, EqualPicturesStayAsTheyAre) {
  const EqualSharpness changes = equal_sharpness(sharp_, sharp_.clone(), true);
  EXPECT_EQ(test::largest_difference(degrade(sharp_, changes.first), sharp_), 0);
  EXPECT_EQ(test::largest_difference(degrade(sharp_, changes.second), sharp_), 0);
}

TEST_F(EqualSharpnessTest, WhatIsFlatCannotBeSharpenedAndIsNoError) {
  const cv::Mat flat(32, 32, CV_8UC3, cv::Scalar::all(90));
  const EqualSharpness changes = equal_sharpness(test::face_picture(32), flat, false);
  const cv::Mat face = test::face_picture(32);
  EXPECT_EQ(test::largest_difference(degrade(face, changes.first), face), 0);
}

}  // namespace
}  // namespace dfd
