// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Faces are red rectangles here, and the detector finds red rectangles.

#include "face/face_finder.h"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/picture.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;

class RedDetector : public FaceDetector {
 public:
  std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) override {
    ++pictures;
    pixels += rgb.total();
    cv::Mat red;
    cv::inRange(rgb, cv::Scalar(150, 0, 0), cv::Scalar(255, 100, 100), red);
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centres;
    const int count = cv::connectedComponentsWithStats(red, labels, stats, centres);
    std::vector<FaceDetection> faces;
    for (int i = 1; i < count; ++i) {
      const auto value = [&](int what) { return static_cast<float>(stats.at<int>(i, what)); };
      FaceDetection face;
      face.box = {value(cv::CC_STAT_LEFT), value(cv::CC_STAT_TOP), value(cv::CC_STAT_WIDTH),
                  value(cv::CC_STAT_HEIGHT)};
      face.confidence = 0.95F;
      if (std::min(face.box.width, face.box.height) >= static_cast<float>(min_size) * 0.9F) {
        faces.push_back(face);
      }
    }
    sort_largest_first(faces);
    return faces;
  }

  int comfortable_size() const override { return 28; }
  float least_confidence() const override { return 0.5F; }
  std::string name() const override { return "red"; }

  int pictures = 0;
  std::size_t pixels = 0;
};

cv::Rect rect_of(const RectF& box) {
  return {static_cast<int>(box.x), static_cast<int>(box.y), static_cast<int>(box.width),
          static_cast<int>(box.height)};
}

// A grey picture with red rectangles, in RGB or I420.
struct Picture {
  Picture(cv::Size size, const std::vector<RectF>& faces, PixelFormat format = PixelFormat::kRgb)
      : pixels(size, CV_8UC3, cv::Scalar(110, 110, 110)) {
    for (const RectF& face : faces) {
      cv::rectangle(pixels, rect_of(face), cv::Scalar(230, 20, 20), cv::FILLED);
    }
    view.width = size.width;
    view.height = size.height;
    view.format = format;
    view.color.full_range = format == PixelFormat::kRgb;
    view.planes[0] = {pixels.data, static_cast<std::ptrdiff_t>(pixels.step)};
    if (format == PixelFormat::kRgb) return;
    cv::cvtColor(pixels, pixels, cv::COLOR_RGB2YUV_I420);
    const std::ptrdiff_t luma = std::ptrdiff_t{size.width} * size.height;
    view.planes[0] = {pixels.data, size.width};
    view.planes[1] = {pixels.data + luma, size.width / 2};
    view.planes[2] = {pixels.data + luma + luma / 4, size.width / 2};
  }

  cv::Mat pixels;
  FrameView view;
};

void expect_near(const RectF& found, const RectF& truth, float tolerance) {
  EXPECT_NEAR(found.x, truth.x, tolerance);
  EXPECT_NEAR(found.y, truth.y, tolerance);
  EXPECT_NEAR(found.width, truth.width, tolerance);
  EXPECT_NEAR(found.height, truth.height, tolerance);
}

TEST(DetectNear, FindsEachFaceWhereItHasGone) {
  for (const PixelFormat format : {PixelFormat::kRgb, PixelFormat::kI420}) {
    const std::vector<RectF> faces{{900, 300, 200, 240}, {101, 51, 64, 80}, {500, 620, 120, 100}};
    const Picture picture({1280, 720}, faces, format);
    std::vector<RectF> expected = faces;
    expected[0].x -= 150;
    expected[1].x += 40;
    expected[1].y -= 30;
    expected[2].height = 130;
    RedDetector detector;
    const auto found = detector.detect_near(picture.view, expected);
    ASSERT_EQ(found.size(), 3U);
    expect_near(found[0].box, faces[0], 10);
    expect_near(found[1].box, faces[2], 6);
    expect_near(found[2].box, faces[1], 4);
    EXPECT_EQ(detector.pictures, 1);
    EXPECT_LT(detector.pixels, 1280U * 720 / 20);
  }
}

TEST(DetectNear, FindsNothingWhereNothingIs) {
  const Picture picture({640, 360}, {{500, 200, 80, 100}});
  RedDetector detector;
  EXPECT_TRUE(detector.detect_near(picture.view, {{50, 50, 80, 100}}).empty());
  EXPECT_TRUE(detector.detect_near(picture.view, {{2000, 50, 80, 100}}).empty());
  EXPECT_TRUE(detector.detect_near(picture.view, {}).empty());
}

TEST(DetectNear, FindsAFaceAtTheEdge) {
  const RectF face{0, 270, 80, 90};
  const Picture picture({640, 360}, {face});
  RedDetector detector;
  const auto found = detector.detect_near(picture.view, {{-15, 290, 80, 90}});
  ASSERT_EQ(found.size(), 1U);
  expect_near(found[0].box, face, 4);
}

TEST(DetectNear, OneFaceIsGivenOnce) {
  const Picture picture({640, 360}, {{300, 150, 80, 100}});
  RedDetector detector;
  EXPECT_EQ(detector.detect_near(picture.view, {{280, 150, 80, 100}, {330, 150, 80, 100}}).size(),
            1U);
}

TEST(DetectNear, NoPixelIsTooFewForIt) {
  const Picture picture({1, 1}, {});
  RedDetector detector;
  EXPECT_TRUE(detector.detect_near(picture.view, {{0, 0, 1, 1}}).empty());
}

TEST(FaceFinder, ATimeThatFallsIsNoNews) {
  RedDetector detector;
  FaceFinder finder(&detector, FinderConfig());
  const Picture picture({640, 360}, {{300, 150, 80, 100}});
  const cv::Mat thumbnail = thumbnail_of(picture.view);
  TrackId first = 0;
  for (const auto time : {0ms, 500ms, 499ms, 0ms, 1000ms, 999ms, 1500ms}) {
    const auto& faces = finder.find(picture.view, thumbnail, time);
    ASSERT_EQ(faces.size(), 1U) << time.count();
    if (first == 0) first = faces[0].id;
    EXPECT_EQ(faces[0].id, first) << time.count();
    expect_near(faces[0].face.box, {300, 150, 80, 100}, 4);
  }
  EXPECT_TRUE(finder.take_ended().empty());
}

// A face that walks through the picture, 120 pixels a second, and hides from 2 s to 2.4 s.
TEST(FaceFinder, LooksForFacesBetweenDetections) {
  RedDetector detector;
  FaceFinder finder(&detector, FinderConfig());
  double worst = 0;
  for (int i = 0; i < 100; ++i) {
    const RectF face{40 + 4.8F * static_cast<float>(i), 100, 80, 100};
    const bool hidden = i >= 50 && i < 60;
    const Picture picture({640, 360}, hidden ? std::vector<RectF>() : std::vector<RectF>{face});
    const int before = detector.pictures;
    const auto& faces = finder.find(picture.view, thumbnail_of(picture.view), i * 40ms);
    ASSERT_EQ(faces.size(), 1U) << i;
    EXPECT_EQ(faces[0].id, 1U);
    if (detector.pictures == before) continue;
    EXPECT_EQ(faces[0].visible, !hidden) << i;
    if (!hidden) worst = std::max<double>(worst, std::abs(faces[0].face.box.x - face.x));
  }
  EXPECT_LT(worst, 8);
  EXPECT_GT(detector.pictures, 25);
}

}  // namespace
}  // namespace dfd
