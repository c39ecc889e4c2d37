// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/picture.h"

#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "detector/error.h"

namespace dfd {
namespace {

cv::Mat ramp(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.at<cv::Vec3b>(y, x) = {static_cast<uchar>(x * 37 % 256),
                                     static_cast<uchar>(y * 53 % 256),
                                     static_cast<uchar>((x * y * 7 + x) % 256)};
    }
  }
  return picture;
}

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
