// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/shot_watch.h"

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/picture.h"

namespace dfd {
namespace {

cv::Mat thumbnail(const cv::Mat& rgb) {
  FrameView view;
  view.width = rgb.cols;
  view.height = rgb.rows;
  view.color.full_range = true;
  view.planes[0] = {rgb.data, static_cast<std::ptrdiff_t>(rgb.step)};
  return thumbnail_of(view);
}

// Soft coloured shapes, as a scene out of focus.
cv::Mat scene(std::uint64_t seed, const cv::Scalar& tint) {
  cv::Mat rgb(180, 320, CV_8UC3, tint);
  cv::RNG random(seed);
  for (int i = 0; i < 12; ++i) {
    const cv::Scalar color(random.uniform(0, 256), random.uniform(0, 256), random.uniform(0, 256));
    cv::circle(rgb, {random.uniform(0, 320), random.uniform(0, 180)}, random.uniform(15, 60),
               tint * 0.5 + color * 0.5, cv::FILLED);
  }
  return rgb;
}

TEST(ShotWatch, AnotherSceneIsACut) {
  ShotWatch watch;
  EXPECT_FALSE(watch.is_cut(thumbnail(scene(1, {40, 60, 90}))));
  EXPECT_TRUE(watch.is_cut(thumbnail(scene(2, {160, 120, 70}))));
  EXPECT_FALSE(watch.is_cut(thumbnail(scene(2, {160, 120, 70}))));
}

TEST(ShotWatch, MovementLightAndNoiseAreNone) {
  ShotWatch watch;
  const cv::Mat still = scene(1, {40, 60, 90});
  EXPECT_FALSE(watch.is_cut(thumbnail(still)));
  cv::Mat moved;
  cv::warpAffine(still, moved, cv::Matx23f(1, 0, 60, 0, 1, 10), still.size(), cv::INTER_LINEAR,
                 cv::BORDER_REFLECT);
  EXPECT_FALSE(watch.is_cut(thumbnail(moved)));
  EXPECT_FALSE(watch.is_cut(thumbnail(moved * 1.4)));
  cv::Mat noise(still.size(), CV_8UC3);
  cv::RNG(3).fill(noise, cv::RNG::UNIFORM, 0, 30);
  EXPECT_FALSE(watch.is_cut(thumbnail(moved * 1.4 + noise)));
}

TEST(ShotWatch, PicturesOfOneColourAreNoCut) {
  ShotWatch watch;
  EXPECT_FALSE(watch.is_cut(thumbnail(cv::Mat(90, 160, CV_8UC3, cv::Scalar(0, 0, 0)))));
  EXPECT_FALSE(watch.is_cut(thumbnail(cv::Mat(90, 160, CV_8UC3, cv::Scalar(255, 255, 255)))));
}

}  // namespace
}  // namespace dfd
