// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/degrade.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "detector/error.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

using test::face_picture;
using test::largest_difference;
using test::mean_difference;
using test::sharpness;

cv::Mat flat(int level, int size = 64) { return {size, size, CV_8UC3, cv::Scalar::all(level)}; }

cv::Mat luma_of(const cv::Mat& rgb) {
  cv::Mat luma;
  cv::cvtColor(rgb, luma, cv::COLOR_RGB2GRAY);
  return luma;
}

TEST(Degrade, WithoutChangesIsThePicture) {
  const cv::Mat picture = face_picture(64);
  EXPECT_EQ(largest_difference(degrade(picture, {}), picture), 0);
}

TEST(Degrade, NeverWritesIntoItsInput) {
  const cv::Mat picture = face_picture(64);
  const cv::Mat before = picture.clone();
  Degradation all;
  all.color = ColorChange{1.2, 1.1, 0.05, {1.1, 1, 0.9}, 1.2, 5};
  all.grey = true;
  all.blur = Blur{1, 3, 20};
  all.noise = Noise{NoiseKind::kShot, 5, 1};
  all.sharpen = Sharpen{1, 1};
  all.first_jpeg = Jpeg{40, {3, 5}};
  all.rescale = Rescale{0.5, cv::INTER_AREA, cv::INTER_CUBIC};
  all.last_jpeg = Jpeg{60, {1, 0}};
  const cv::Mat changed = degrade(picture, all);
  EXPECT_EQ(largest_difference(picture, before), 0);
  EXPECT_GT(mean_difference(changed, before), 2);
}

TEST(Degrade, NamesWhatIsWrongWithAPicture) {
  for (const cv::Mat& wrong : {cv::Mat(), cv::Mat(8, 8, CV_8UC1), cv::Mat(8, 8, CV_32FC3)}) {
    EXPECT_THROW(degrade(wrong, {}), Error);
    EXPECT_THROW(through_jpeg(wrong, {}), Error);
    EXPECT_THROW(with_noise(wrong, {}), Error);
  }
}

TEST(Recolored, BrightnessIsAdded) {
  ColorChange change;
  change.brightness = 0.1;
  EXPECT_NEAR(cv::mean(recolored(flat(100), change))[0], 125.5, 0.51);
}

TEST(Recolored, ContrastTurnsAboutMidGrey) {
  ColorChange change;
  change.contrast = 1.5;
  EXPECT_NEAR(cv::mean(recolored(flat(100), change))[1], 127.5 - 1.5 * 27.5, 0.51);
  EXPECT_NEAR(cv::mean(recolored(flat(128), change))[1], 128, 0.51);
}

TEST(Recolored, GammaLeavesBlackAndWhite) {
  ColorChange change;
  change.gamma = 2;
  EXPECT_EQ(cv::mean(recolored(flat(0), change))[0], 0);
  EXPECT_EQ(cv::mean(recolored(flat(255), change))[0], 255);
  EXPECT_NEAR(cv::mean(recolored(flat(128), change))[0], 64, 0.6);
}

TEST(Recolored, WhiteBalanceIsOfEachChannel) {
  ColorChange change;
  change.white_balance = {1.2, 1, 0.8};
  const cv::Scalar mean = cv::mean(recolored(flat(100), change));
  EXPECT_NEAR(mean[0], 120, 0.51);
  EXPECT_NEAR(mean[1], 100, 0.51);
  EXPECT_NEAR(mean[2], 80, 0.51);
}

TEST(Recolored, SaturationAndHueLeaveLuma) {
  const cv::Mat picture(32, 32, CV_8UC3, cv::Scalar(140, 110, 90));
  ColorChange grey;
  grey.saturation = 0;
  const cv::Scalar mean = cv::mean(recolored(picture, grey));
  EXPECT_NEAR(mean[0], mean[2], 1);
  ColorChange turned;
  turned.hue = 40;
  for (const ColorChange& change : {grey, turned}) {
    const cv::Mat changed = recolored(picture, change);
    EXPECT_LE(cv::norm(luma_of(changed), luma_of(picture), cv::NORM_INF), 2);
    EXPECT_GT(mean_difference(changed, picture), 5);
  }
}

TEST(Grey, HasThreeEqualChannels) {
  std::array<cv::Mat, 3> channels;
  cv::split(grey_of(face_picture(48)), channels.data());
  EXPECT_EQ(cv::norm(channels[0], channels[1], cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(channels[0], channels[2], cv::NORM_INF), 0);
}

TEST(Blurred, IsLessSharpTheMoreItIs) {
  const cv::Mat picture = face_picture(64);
  const double little = sharpness(blurred(picture, {0.5, 0, 0}));
  EXPECT_LT(little, sharpness(picture));
  EXPECT_LT(sharpness(blurred(picture, {1.5, 0, 0})), little);
}

TEST(Blurred, MotionBlursAlongItsDirectionOnly) {
  cv::Mat upright(40, 40, CV_8UC3, cv::Scalar::all(0));
  upright.colRange(20, 40).setTo(cv::Scalar::all(200));
  EXPECT_GT(mean_difference(blurred(upright, {0, 6, 0}), upright), 3);
  EXPECT_LE(largest_difference(blurred(upright, {0, 6, 90}), upright), 1);
}

TEST(Blurred, KeepsLight) {
  EXPECT_LE(largest_difference(blurred(flat(100), {1.3, 0, 0}), flat(100)), 1);
  for (double angle = 0; angle < 180; angle += 17) {
    EXPECT_LE(largest_difference(blurred(flat(100), {0, 5.5, angle}), flat(100)), 1) << angle;
  }
}

TEST(Sharpened, IsSharper) {
  const cv::Mat picture = face_picture(64);
  EXPECT_GT(sharpness(sharpened(picture, {0.7, 1})), 1.3 * sharpness(picture));
}

TEST(WithNoise, HasTheDeviationAskedFor) {
  for (const NoiseKind kind : {NoiseKind::kColor, NoiseKind::kLuma, NoiseKind::kShot}) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(with_noise(flat(128, 128), {kind, 6, 3}), mean, deviation);
    EXPECT_NEAR(mean[0], 128, 0.5);
    EXPECT_NEAR(deviation[0], 6, 0.5);
  }
}

TEST(WithNoise, OfShotsGrowsWithTheLight) {
  const auto deviation_at = [](int level) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(with_noise(flat(level, 128), {NoiseKind::kShot, 6, 3}), mean, deviation);
    return deviation[1];
  };
  EXPECT_NEAR(deviation_at(200) / deviation_at(50), 2, 0.2);
}

TEST(WithNoise, OfLumaHasNoColor) {
  std::array<cv::Mat, 3> channels;
  cv::split(with_noise(flat(128), {NoiseKind::kLuma, 6, 3}), channels.data());
  EXPECT_EQ(cv::norm(channels[0], channels[2], cv::NORM_INF), 0);
}

TEST(WithNoise, IsThatOfItsSeed) {
  const Noise noise{NoiseKind::kColor, 6, 3};
  EXPECT_EQ(largest_difference(with_noise(flat(128), noise), with_noise(flat(128), noise)), 0);
  EXPECT_GT(mean_difference(with_noise(flat(128), noise),
                            with_noise(flat(128), {NoiseKind::kColor, 6, 4})),
            4);
}

TEST(Rescaled, LosesWhatIsFine) {
  const cv::Mat picture = face_picture(96);
  const Rescale third{0.3, cv::INTER_AREA, cv::INTER_LINEAR};
  EXPECT_LT(sharpness(rescaled(picture, third)), 0.3 * sharpness(picture));
  EXPECT_EQ(rescaled(picture, third).size(), picture.size());
}

TEST(Rescaled, FromOneOnDoesNothing) {
  const cv::Mat picture = face_picture(48);
  EXPECT_EQ(largest_difference(rescaled(picture, {1.2, cv::INTER_AREA, cv::INTER_CUBIC}), picture),
            0);
}

TEST(Rescaled, OfAlmostNothingIsStillAPicture) {
  EXPECT_EQ(rescaled(flat(9, 3), {0.02, cv::INTER_AREA, cv::INTER_CUBIC}).cols, 3);
}

TEST(ThroughJpeg, LosesMoreAtLowerQuality) {
  const cv::Mat picture = face_picture(96);
  const double high = mean_difference(through_jpeg(picture, {95, {0, 0}}), picture);
  const double low = mean_difference(through_jpeg(picture, {25, {0, 0}}), picture);
  EXPECT_GT(high, 0);
  EXPECT_GT(low, 2 * high);
}

TEST(ThroughJpeg, KeepsRedRed) {
  const cv::Mat red(24, 24, CV_8UC3, cv::Scalar(220, 30, 40));
  EXPECT_LE(largest_difference(through_jpeg(red, {90, {0, 0}}), red), 5);
}

// A step of brightness from one block to the next is where the grid says.
TEST(ThroughJpeg, BlocksBeginWhereTheGridSays) {
  cv::Mat ramp(64, 64, CV_8UC3);
  for (int x = 0; x < 64; ++x) ramp.col(x).setTo(cv::Scalar::all(60 + 2 * x));
  const auto step_at = [&](const cv::Point& grid, int remainder) {
    const cv::Mat luma = luma_of(through_jpeg(ramp, {5, grid}));
    double steps = 0;
    for (int x = 16; x < 56; ++x) {
      if (x % 8 == remainder) steps += std::abs(luma.at<uchar>(32, x) - luma.at<uchar>(32, x - 1));
    }
    return steps;
  };
  EXPECT_GT(step_at({0, 0}, 0), step_at({0, 0}, 5));
  EXPECT_GT(step_at({3, 0}, 5), step_at({3, 0}, 0));
}

TEST(ThroughJpeg, TakesPicturesSmallerThanABlock) {
  for (int size = 1; size < 12; ++size) {
    EXPECT_EQ(through_jpeg(flat(90, size), {50, {7, 7}}).size(), cv::Size(size, size));
  }
}

TEST(DrawColor, StaysInItsRangeOnBothSides) {
  Random random(3);
  double least = 10, most = 0;
  for (int i = 0; i < 500; ++i) {
    const ColorChange change = draw_color({0.25, 0, 0.1, 0, 0, 8}, random);
    least = std::min(least, change.gamma);
    most = std::max(most, change.gamma);
    ASSERT_LE(std::abs(change.brightness), 0.1);
    ASSERT_LE(std::abs(change.hue), 8);
    ASSERT_EQ(change.contrast, 1);
    ASSERT_EQ(change.saturation, 1);
  }
  EXPECT_GE(least, 0.8);
  EXPECT_LT(least, 0.82);
  EXPECT_LE(most, 1.25);
  EXPECT_GT(most, 1.22);
}

TEST(DrawNoise, EveryKindComes) {
  Random random(3);
  std::array<int, 3> counts{};
  for (int i = 0; i < 300; ++i) {
    ++counts[static_cast<std::size_t>(draw_noise({1, 2}, random).kind)];
  }
  for (const int count : counts) EXPECT_GT(count, 50);
}

TEST(RequireRange, RefusesWhatIsOutsideBackwardsOrNoNumber) {
  EXPECT_NO_THROW(require_range("x", {0, 1}, 0, 1));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Range& wrong :
       {Range{-0.1, 1}, Range{0, 1.1}, Range{0.6, 0.5}, Range{nan, 1}, Range{0, nan}}) {
    try {
      require_range("width", wrong, 0, 1);
      FAIL() << wrong.low << " to " << wrong.high;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find("width"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace dfd
