// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/picture.h"

#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "detector/error.h"
#include "support/pictures.h"

namespace dfd {
namespace {

using test::ramp;

FrameView view_of(std::vector<std::uint8_t>& bytes, PixelFormat format, int width, int height) {
  FrameView view;
  view.width = width;
  view.height = height;
  view.format = format;
  const int half_width = (width + 1) / 2;
  const int half_height = (height + 1) / 2;
  std::uint8_t* start = bytes.data();
  view.planes[0] = {start, width};
  view.planes[1] = {start + width * height, half_width};
  view.planes[2] = {start + width * height + half_width * half_height, half_width};
  return view;
}

TEST(RgbRegion, PrimaryColoursOfBothMatricesAndRanges) {
  struct Case {
    double kr, kb;
    bool full;
    std::vector<std::uint8_t> yuv;
  };
  // Pure red, as the standards' equations give it.
  for (const Case& tried :
       {Case{0.299, 0.114, false, {81, 90, 240}}, Case{0.299, 0.114, true, {76, 85, 255}},
        Case{0.2126, 0.0722, false, {63, 102, 240}}, Case{0.2126, 0.0722, true, {54, 99, 255}}}) {
    std::vector<std::uint8_t> bytes(4, tried.yuv[0]);
    bytes.push_back(tried.yuv[1]);
    bytes.push_back(tried.yuv[2]);
    FrameView view = view_of(bytes, PixelFormat::kI420, 2, 2);
    view.color.kr = tried.kr;
    view.color.kb = tried.kb;
    view.color.full_range = tried.full;
    const auto pixel = rgb_region(view, {0, 0, 2, 2}).at<cv::Vec3b>(1, 1);
    EXPECT_NEAR(pixel[0], 255, 2);
    EXPECT_NEAR(pixel[1], 0, 2);
    EXPECT_NEAR(pixel[2], 0, 2);
  }
}

TEST(RgbRegion, ARegionIsAPartOfTheWhole) {
  std::vector<std::uint8_t> bytes(31 * 17 + 2 * 16 * 9);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 91 % 256);
  for (const PixelFormat format : {PixelFormat::kI420, PixelFormat::kYv12, PixelFormat::kNv12}) {
    FrameView view = view_of(bytes, format, 31, 17);
    if (format == PixelFormat::kNv12) view.planes[1].stride = 32;
    const cv::Mat whole = rgb_region(view, {0, 0, 31, 17});
    const cv::Rect part(5, 3, 20, 11);
    EXPECT_EQ(cv::norm(whole(part), rgb_region(view, part), cv::NORM_INF), 0);
  }
}

TEST(RgbRegion, PackedFormatsAgree) {
  const std::uint8_t red = 200;
  const std::uint8_t green = 100;
  const std::uint8_t blue = 50;
  const std::vector<std::pair<PixelFormat, std::vector<std::uint8_t>>> cases{
      {PixelFormat::kRgb, {red, green, blue}},     {PixelFormat::kBgr, {blue, green, red}},
      {PixelFormat::kRgbx, {red, green, blue, 9}}, {PixelFormat::kBgrx, {blue, green, red, 9}},
      {PixelFormat::kXrgb, {9, red, green, blue}}, {PixelFormat::kXbgr, {9, blue, green, red}}};
  for (const auto& [format, bytes] : cases) {
    FrameView view;
    view.width = view.height = 1;
    view.format = format;
    view.color.full_range = true;
    view.planes[0] = {bytes.data(), static_cast<std::ptrdiff_t>(bytes.size())};
    EXPECT_EQ(rgb_region(view, {0, 0, 1, 1}).at<cv::Vec3b>(0, 0), cv::Vec3b(red, green, blue));
  }
}

TEST(ReducedRgb, IsTheAverageOfAreas) {
  const cv::Mat picture = ramp(97, 61);
  FrameView view;
  view.width = picture.cols;
  view.height = picture.rows;
  view.color.full_range = true;
  view.planes[0] = {picture.data, static_cast<std::ptrdiff_t>(picture.step)};
  for (const cv::Size size : {cv::Size(97, 61), {48, 30}, {41, 17}, {96, 60}, {7, 5}, {1, 1}}) {
    cv::Mat expected;
    cv::resize(picture, expected, size, 0, 0, cv::INTER_AREA);
    const cv::Mat found = reduced_rgb(view, size);
    EXPECT_LE(cv::norm(found, expected, cv::NORM_INF), 1) << size;
  }
}

TEST(ReducedRgb, ChromaOfALargerPictureIsStretched) {
  // Reduced to three quarters, luma shrinks and chroma, half as large, grows.
  std::vector<std::uint8_t> bytes(40 * 40 + 2 * 20 * 20, 128);
  const FrameView view = view_of(bytes, PixelFormat::kI420, 40, 40);
  const cv::Mat found = reduced_rgb(view, {30, 30});
  EXPECT_EQ(found.size(), cv::Size(30, 30));
  EXPECT_EQ(cv::norm(found, rgb_region(view, {0, 0, 30, 30}), cv::NORM_INF), 0);
}

TEST(CheckView, RefusesWhatCannotBeRead) {
  std::vector<std::uint8_t> bytes(64);
  FrameView view = view_of(bytes, PixelFormat::kI420, 4, 4);
  EXPECT_NO_THROW(check_view(view));
  view.planes[2].data = nullptr;
  EXPECT_THROW(check_view(view), Error);
  view = view_of(bytes, PixelFormat::kRgb, 4, 4);  // Stride 4 for rows of 12 bytes.
  EXPECT_THROW(check_view(view), Error);
  view.width = 0;
  EXPECT_THROW(check_view(view), Error);
  view.width = 1 << 30;
  EXPECT_THROW(check_view(view), Error);
}

}  // namespace
}  // namespace dfd
