// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/picture_quality.h"

#include <cmath>

#include <gtest/gtest.h>

#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

TEST(PictureQuality, AnUntouchedPictureHasOnlyItsSharpness) {
  const cv::Mat picture = test::face_picture(64);
  const PictureQuality quality = picture_quality(picture, {}, 0);
  EXPECT_TRUE(std::isfinite(quality[0]));
  for (std::size_t i = 1; i < quality.size(); ++i) EXPECT_EQ(quality.at(i), 0) << kQualities.at(i);
}

TEST(PictureQuality, ASofterPictureHasLess) {
  const cv::Mat picture = test::face_picture(64);
  Degradation soft;
  soft.blur = Blur{1.5, 0, 0};
  EXPECT_LT(picture_quality(degrade(picture, soft), soft, 0)[0],
            picture_quality(picture, {}, 0)[0]);
}

TEST(PictureQuality, APictureOfOneColourIsANumberToo) {
  EXPECT_TRUE(
      std::isfinite(picture_quality(cv::Mat(16, 16, CV_8UC3, cv::Scalar::all(90)), {}, 0)[0]));
}

TEST(PictureQuality, FilesAndScalesCountByTheWorst) {
  const cv::Mat picture = test::face_picture(64);
  Degradation done;
  done.first_jpeg = Jpeg{40, {}};
  done.last_jpeg = Jpeg{90, {}};
  done.rescale = Rescale{0.5, 0, 0};
  const PictureQuality quality = picture_quality(picture, done, 51);
  EXPECT_FLOAT_EQ(quality[1], std::log(0.5F));
  EXPECT_FLOAT_EQ(quality[2], 0.6F);
  EXPECT_FLOAT_EQ(quality[3], 1);
}

}  // namespace
}  // namespace dfd
