// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/resize.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "support/pictures.h"

namespace dfd {
namespace {

using test::ramp;

// Numbers printed by Pillow 9.4 for the same ramp:
// Image.fromarray(a).resize((w, h), Image.BILINEAR).
TEST(ResizeBilinear, EqualsPillow) {
  struct Case {
    int width, height, to_width, to_height;
    std::vector<int> expected;
  };
  const std::vector<Case> cases{
      {13,
       7,
       3,
       2,
       {76, 84, 25, 123, 84, 71, 112, 84, 99, 76, 103, 66, 123, 103, 137, 112, 103, 122}},
      {4, 3, 7, 5, {0,   0,   0,  13,  0,   0,  34,  0,   1,  56,  0,   2,  77,  0,   2,
                    98,  0,   3,  111, 0,   3,  0,   21,  0,  13,  21,  1,  34,  21,  3,
                    56,  21,  6,  77,  21,  8,  98,  21,  10, 111, 21,  11, 0,   53,  0,
                    13,  53,  3,  34,  53,  7,  56,  53,  12, 77,  53,  17, 98,  53,  21,
                    111, 53,  24, 0,   85,  0,  13,  85,  4,  34,  85,  11, 56,  85,  19,
                    77,  85,  25, 98,  85,  32, 111, 85,  37, 0,   106, 0,  13,  106, 5,
                    34,  106, 14, 56,  106, 23, 77,  106, 31, 98,  106, 40, 111, 106, 45}},
      {9, 40, 4, 3, {31, 111, 44,  106, 111, 109, 172, 111, 121, 61, 111, 122,
                     31, 132, 85,  106, 132, 133, 172, 132, 131, 61, 132, 129,
                     31, 117, 107, 106, 117, 141, 172, 117, 131, 61, 117, 125}},
  };
  for (const Case& tried : cases) {
    const cv::Mat out =
        resize_bilinear(ramp(tried.width, tried.height), {tried.to_width, tried.to_height});
    ASSERT_EQ(out.total() * 3, tried.expected.size());
    for (std::size_t i = 0; i < tried.expected.size(); ++i) {
      EXPECT_EQ(out.data[i], tried.expected[i]) << tried.width << "x" << tried.height << " " << i;
    }
  }
}

TEST(AverageAreas, OfRowsAreThoseOfThePicture) {
  cv::Mat picture(41, 67, CV_8U);
  cv::RNG(5).fill(picture, cv::RNG::UNIFORM, 0, 256);
  const auto row = [&](int y, std::uint16_t* to) {
    for (int x = 0; x < picture.cols; ++x) {
      to[x] = static_cast<std::uint16_t>(picture.at<uchar>(y, x) * 4);
    }
  };
  for (const cv::Size size : {cv::Size(67, 41), {33, 20}, {7, 40}, {1, 1}}) {
    EXPECT_EQ(cv::norm(average_areas(row, picture.size(), size), average_areas(picture, size),
                       cv::NORM_INF),
              0)
        << size;
  }
}

TEST(AverageAreas, TenBitsAreRoundedOnce) {
  // Three quarters of a step: the picture of bytes could not tell them from nothing.
  const auto row = [](int /*y*/, std::uint16_t* to) { std::fill_n(to, 8, std::uint16_t{403}); };
  const cv::Mat reduced = average_areas(row, {8, 8}, {2, 2});
  EXPECT_EQ(cv::countNonZero(reduced == 101), 4);
}

}  // namespace
}  // namespace dfd
