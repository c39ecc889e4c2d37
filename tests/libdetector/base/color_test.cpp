// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/color.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace dfd {
namespace {

int tone(Transfer transfer, double value) {
  return tones_of(transfer)[static_cast<std::size_t>(value * 1023 + 0.5)];
}

// Code values from ITU-R BT.2408, table 1 and 2.
TEST(Tones, PutReferenceWhiteNearWhiteAndGreyWhereItWas) {
  for (const auto& [transfer, white, grey] :
       {std::tuple{Transfer::kPq, 0.58, 0.38}, std::tuple{Transfer::kHlg, 0.75, 0.38}}) {
    EXPECT_EQ(tone(transfer, 0), 0);
    EXPECT_GE(tone(transfer, 1), 253);
    // 1 - 0.2 / e of light, coded by the inverse of a gamma of 2.4.
    EXPECT_NEAR(tone(transfer, white), 247, 1);
    // 26 cd/m2 of 203 are 0.128 of white's light.
    EXPECT_NEAR(tone(transfer, grey), 108, 4);
  }
}

TEST(Tones, NeverFall) {
  for (const Transfer transfer : {Transfer::kPq, Transfer::kHlg}) {
    EXPECT_TRUE(std::is_sorted(tones_of(transfer).begin(), tones_of(transfer).end()));
  }
}

TEST(ColorMatrix, GreyOfAHighRangeIsItsTone) {
  ColorEncoding color;
  color.transfer = Transfer::kPq;
  color.full_range = true;
  std::uint8_t rgb[3];
  ColorMatrix(color).convert(0.58F * 255, 128, 128, rgb);
  for (const std::uint8_t channel : rgb) EXPECT_NEAR(channel, tone(Transfer::kPq, 0.58), 1);
}

TEST(ToStandardRange, StretchesStudioRangeAndAppliesTheTones) {
  cv::Mat rgb(1, 1, CV_8UC3, cv::Scalar(16, 235, 126));
  ColorEncoding color;
  to_standard_range(rgb, color);
  EXPECT_EQ(rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(0, 255, 128));
  color.full_range = true;
  color.transfer = Transfer::kHlg;
  to_standard_range(rgb, color);
  EXPECT_EQ(rgb.at<cv::Vec3b>(0, 0)[0], 0);
  EXPECT_GE(rgb.at<cv::Vec3b>(0, 0)[1], 253);
  EXPECT_NEAR(rgb.at<cv::Vec3b>(0, 0)[2], tone(Transfer::kHlg, 128 / 255.0), 1);
}

}  // namespace
}  // namespace dfd
