// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Aligned crops of drawn faces: five coloured dots, turned, moved and scaled.

#include "backbone/input.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "backbone/inception_resnet_v1.h"
#include "base/orientation.h"

namespace dfd {
namespace {

// Where the dots of an upright face lie around its middle, in parts of its size.
constexpr FaceLandmarks kUpright{PointF{-0.16F, -0.04F}, PointF{0.16F, -0.04F}, PointF{0, 0.14F},
                                 PointF{-0.13F, 0.32F}, PointF{0.13F, 0.32F}};
const std::array<cv::Scalar, 5> kDots{cv::Scalar(255, 0, 0), cv::Scalar(0, 255, 0),
                                      cv::Scalar(0, 0, 255), cv::Scalar(255, 255, 0),
                                      cv::Scalar(0, 255, 255)};

struct Drawn {
  cv::Mat rgb;
  FaceLandmarks landmarks;
};

// A face of this size about a middle, turned by degrees (clockwise on the screen).
Drawn draw(cv::Size picture, cv::Point2d middle, double size, double degrees) {
  Drawn face{cv::Mat(picture, CV_8UC3, cv::Scalar(120, 120, 120)), {}};
  const double angle = degrees * CV_PI / 180;
  for (std::size_t i = 0; i < kUpright.size(); ++i) {
    const double x = kUpright[i].x * size;
    const double y = kUpright[i].y * size;
    const cv::Point2d place(middle.x + x * std::cos(angle) - y * std::sin(angle),
                            middle.y + x * std::sin(angle) + y * std::cos(angle));
    face.landmarks[i] = {static_cast<float>(place.x), static_cast<float>(place.y)};
    constexpr int kShift =
        4;  // Sixteenths of a pixel; OpenCV counts from the first pixel's middle.
    const cv::Point at(static_cast<int>(std::lround((place.x - 0.5) * 16)),
                       static_cast<int>(std::lround((place.y - 0.5) * 16)));
    cv::circle(face.rgb, at, static_cast<int>(size * 0.03 * 16), kDots[i], cv::FILLED, cv::LINE_AA,
               kShift);
  }
  return face;
}

FrameView view_of(const cv::Mat& rgb) {
  FrameView view;
  view.width = rgb.cols;
  view.height = rgb.rows;
  view.color.full_range = true;
  view.planes[0] = {rgb.data, static_cast<std::ptrdiff_t>(rgb.step)};
  return view;
}

InputRule aligned_rule() {
  InputRule rule = facenet_input();
  rule.crop = CropRule::kAligned;
  rule.margin = 1.3;
  return rule;
}

// The middle of all pixels near a colour, in pixels from the corner.
cv::Point2d find_dot(const cv::Mat& crop, const cv::Scalar& color) {
  cv::Mat mask;
  cv::inRange(crop, color - cv::Scalar::all(60), color + cv::Scalar::all(60), mask);
  const cv::Moments moments = cv::moments(mask, true);
  EXPECT_GT(moments.m00, 0) << color;
  return {moments.m10 / moments.m00 + 0.5, moments.m01 / moments.m00 + 0.5};
}

// GenD's template, 1.3 times as wide, in a picture of 160.
const std::array<cv::Point2d, 5> kPlaces{
    cv::Point2d{(0.34 - 0.5) / 1.3 * 160 + 80, (0.46 - 0.5) / 1.3 * 160 + 80},
    cv::Point2d{(0.66 - 0.5) / 1.3 * 160 + 80, (0.46 - 0.5) / 1.3 * 160 + 80},
    cv::Point2d{80, (0.64 - 0.5) / 1.3 * 160 + 80},
    cv::Point2d{(0.37 - 0.5) / 1.3 * 160 + 80, (0.82 - 0.5) / 1.3 * 160 + 80},
    cv::Point2d{(0.63 - 0.5) / 1.3 * 160 + 80, (0.82 - 0.5) / 1.3 * 160 + 80}};

void expect_in_place(const cv::Mat& crop, double tolerance) {
  ASSERT_EQ(crop.size(), cv::Size(160, 160));
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    EXPECT_LE(cv::norm(find_dot(crop, kDots[i]) - kPlaces[i]), tolerance) << "landmark " << i;
  }
}

TEST(AlignedCrop, PutsLandmarksInTheirPlacesWhateverTurnAndSize) {
  for (const double degrees : {0.0, 20.0, -35.0, 180.0}) {
    for (const double size : {90.0, 160.0, 420.0}) {
      SCOPED_TRACE(testing::Message() << size << " pixels, " << degrees << " degrees");
      const Drawn face = draw({800, 700}, {401.3, 350.7}, size, degrees);
      expect_in_place(crop_face(view_of(face.rgb), {}, face.landmarks, aligned_rule()), 0.6);
    }
  }
}

TEST(AlignedCrop, OneMisplacedLandmarkDoesNoHarm) {
  for (std::size_t i = 0; i < kUpright.size(); ++i) {
    Drawn face = draw({800, 700}, {400, 350}, 200, 15);
    face.landmarks[i].x += 40;
    face.landmarks[i].y -= 25;
    expect_in_place(crop_face(view_of(face.rgb), {}, face.landmarks, aligned_rule()), 0.6);
  }
}

InputRule square_rule(double margin) {
  InputRule rule = aligned_rule();
  rule.crop = CropRule::kSquare;
  rule.margin = margin;
  return rule;
}

// A face without turn fills the square of its box, so a box of that square gives what its landmarks
// give.
TEST(SquareCrop, OfAnUprightFaceIsItsAlignedCrop) {
  for (const double size : {90.0, 420.0}) {
    const Drawn face = draw({800, 700}, {401.3, 350.7}, size, 0);
    const auto side = static_cast<float>(size);
    const RectF box{401.3F - side / 2, 350.7F - side / 2, side, side};
    expect_in_place(crop_face(view_of(face.rgb), box, std::nullopt, square_rule(1.3)), 0.6);
  }
}

TEST(SquareCrop, TakesTheLongerSideAndStretchesNothing) {
  const Drawn face = draw({800, 700}, {401.3, 350.7}, 200, 0);
  for (const bool tall : {false, true}) {
    const float width = tall ? 120 : 200;
    const float height = tall ? 200 : 120;
    const RectF box{401.3F - width / 2, 350.7F - height / 2, width, height};
    expect_in_place(crop_face(view_of(face.rgb), box, std::nullopt, square_rule(1.3)), 0.6);
  }
}

TEST(SquareCrop, OutsideTheFrameItShowsTheMirrorImage) {
  cv::Mat picture(100, 100, CV_8UC3, cv::Scalar(20, 20, 20));
  picture.colRange(0, 10).setTo(cv::Scalar(220, 20, 20));
  // From -40 to 40: the mirror of the strip lies from -10 to 0.
  InputRule rule = square_rule(1);
  rule.size = 80;
  const cv::Mat crop = crop_face(view_of(picture), {-40, 10, 80, 80}, std::nullopt, rule);
  ASSERT_EQ(crop.size(), cv::Size(80, 80));
  EXPECT_GT(crop.at<cv::Vec3b>(40, 32)[0], 200);
  EXPECT_GT(crop.at<cv::Vec3b>(40, 47)[0], 200);
  EXPECT_LT(crop.at<cv::Vec3b>(40, 27)[0], 40);
  EXPECT_LT(crop.at<cv::Vec3b>(40, 52)[0], 40);
}

TEST(SquareCrop, OfABoxThatIsNotThereIsEmpty) {
  const Drawn face = draw({400, 400}, {200, 200}, 100, 0);
  const InputRule rule = square_rule(1.3);
  EXPECT_TRUE(crop_face(view_of(face.rgb), {500, 500, 50, 50}, std::nullopt, rule).empty());
  EXPECT_TRUE(crop_face(view_of(face.rgb), {100, 100, 0, 0}, std::nullopt, rule).empty());
}

TEST(AlignedCrop, OutsideTheFrameItShowsTheMirrorImage) {
  Drawn face = draw({400, 400}, {40, 200}, 200, 0);
  // A crop of 260 pixels about x = 40: 90 of them, 55 of the crop's, are left of the frame.
  cv::rectangle(face.rgb, cv::Rect(0, 0, 12, 400), cv::Scalar(200, 40, 200), cv::FILLED);
  const cv::Mat crop = crop_face(view_of(face.rgb), {}, face.landmarks, aligned_rule());
  const int edge = 55;
  cv::Mat left;
  cv::flip(crop.colRange(edge - 40, edge), left, 1);
  EXPECT_LT(cv::norm(left, crop.colRange(edge, edge + 40), cv::NORM_L1) / left.total(), 12);
  // Near the edge of the frame is the coloured strip, on both sides.
  EXPECT_GT(crop.at<cv::Vec3b>(20, edge - 4)[0], 180);
  EXPECT_GT(crop.at<cv::Vec3b>(20, edge + 4)[0], 180);
  EXPECT_NEAR(crop.at<cv::Vec3b>(20, 5)[0], 120, 2);
}

TEST(AlignedCrop, WithNothingInTheFrameIsEmpty) {
  const Drawn face = draw({400, 400}, {200, 200}, 100, 0);
  FaceLandmarks away = face.landmarks;
  for (PointF& point : away) point.x += 600;
  EXPECT_TRUE(crop_face(view_of(face.rgb), {}, away, aligned_rule()).empty());
}

TEST(AlignedCrop, LandmarksThatTellNothingGiveNoCrop) {
  const Drawn face = draw({400, 400}, {200, 200}, 100, 0);
  FaceLandmarks same;
  same.fill({200, 200});
  EXPECT_TRUE(crop_face(view_of(face.rgb), {}, same, aligned_rule()).empty());
  FaceLandmarks broken = face.landmarks;
  for (PointF& point : broken) point.x = std::nanf("");
  EXPECT_TRUE(crop_face(view_of(face.rgb), {}, broken, aligned_rule()).empty());
}

TEST(AlignedCrop, AFaceLargerThanTheCropIsAveragedNotPicked) {
  // Lines of one pixel, black and white: picked pixels would be one or the other.
  Drawn face = draw({1200, 1200}, {600, 600}, 800, 0);
  for (int y = 0; y < 1200; y += 2) face.rgb.row(y).setTo(cv::Scalar::all(0));
  for (int y = 1; y < 1200; y += 2) face.rgb.row(y).setTo(cv::Scalar::all(255));
  const cv::Mat crop = crop_face(view_of(face.rgb), {}, face.landmarks, aligned_rule());
  double least = 0;
  double most = 0;
  cv::minMaxLoc(crop.reshape(1), &least, &most);
  EXPECT_GT(least, 100);
  EXPECT_LT(most, 156);
}

TEST(CropPlan, SaysWhatPartOfTheFrameIsRead) {
  const Drawn face = draw({800, 700}, {401.3, 350.7}, 160, 20);
  const FrameView view = view_of(face.rgb);
  const auto whole = plan_frame(view, {});
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->region, cv::Rect(0, 0, 800, 700));
  EXPECT_FALSE(whole->to_crop.has_value());
  const auto box = plan_face(view, {100, 50, 200, 180}, std::nullopt, facenet_input());
  ASSERT_TRUE(box.has_value());
  EXPECT_EQ(box->region, cv::Rect(100, 50, 200, 180));
  EXPECT_FALSE(box->to_crop.has_value());
  EXPECT_EQ(outline_of(*box, facenet_input()), cv::Rect2d(100, 50, 200, 180));
  EXPECT_FALSE(plan_face(view, {900, 50, 20, 20}, std::nullopt, facenet_input()).has_value());

  const auto aligned = plan_face(view, {}, face.landmarks, aligned_rule());
  ASSERT_TRUE(aligned && aligned->to_crop);
  // A square of 208 pixels turned by 20 degrees fits in one of 267.
  EXPECT_NEAR(aligned->region.width, 267, 5);
  EXPECT_NEAR(aligned->region.height, 267, 5);
  const cv::Rect2d outline = outline_of(*aligned, aligned_rule());
  EXPECT_NEAR(outline.width, 266.6, 0.5);
  EXPECT_NEAR(outline.height, 266.6, 0.5);
  EXPECT_NEAR(outline.x + outline.width / 2, 401.3, 0.5);
  EXPECT_NEAR(outline.y + outline.height / 2, 350.7, 0.5);
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    const cv::Vec2d place =
        *aligned->to_crop * cv::Vec3d(face.landmarks[i].x, face.landmarks[i].y, 1);
    EXPECT_LE(cv::norm(cv::Point2d(place) - kPlaces[i]), 0.1) << "landmark " << i;
  }
}

TEST(CropFace, OfATurnedFrameIsTheUprightOne) {
  cv::Mat upright(90, 120, CV_8UC3);
  cv::RNG(9).fill(upright, cv::RNG::UNIFORM, 0, 256);
  InputRule box = facenet_input();
  InputRule aligned = box;
  aligned.crop = CropRule::kAligned;
  aligned.margin = 1.3;
  const FaceLandmarks landmarks{PointF{40, 30}, PointF{60, 34}, PointF{48, 45}, PointF{40, 55},
                                PointF{56, 58}};
  const auto view_of = [](const cv::Mat& rgb, Orientation orientation) {
    FrameView view;
    view.width = rgb.cols;
    view.height = rgb.rows;
    view.orientation = orientation;
    view.color.full_range = true;
    view.planes[0] = {rgb.data, static_cast<std::ptrdiff_t>(rgb.step)};
    return view;
  };
  for (const InputRule& rule : {box, aligned}) {
    const RectF face{30, 20, 40, 50};
    const cv::Mat expected =
        crop_face(view_of(upright, Orientation::kIdentity), face, landmarks, rule);
    // Turned to the left, as a phone stores it that is to be turned to the right.
    const cv::Mat stored = to_upright(upright, Orientation::kRotate270);
    const cv::Mat found = crop_face(view_of(stored, Orientation::kRotate90), face, landmarks, rule);
    EXPECT_EQ(cv::norm(found, expected, cv::NORM_INF), 0) << static_cast<int>(rule.crop);
  }
}

TEST(BoxCrop, IsTheBoxStretched) {
  const Drawn face = draw({400, 300}, {200, 150}, 100, 0);
  InputRule rule = facenet_input();
  const cv::Mat crop = crop_face(view_of(face.rgb), {100, 50, 200, 200}, std::nullopt, rule);
  ASSERT_EQ(crop.size(), cv::Size(160, 160));
  const cv::Point2d nose = find_dot(crop, kDots[2]);
  EXPECT_NEAR(nose.x, 80, 0.6);
  EXPECT_NEAR(nose.y, (150 + 14 - 50) * 0.8, 0.6);
  EXPECT_TRUE(crop_face(view_of(face.rgb), {500, 50, 20, 20}, std::nullopt, rule).empty());
}

}  // namespace
}  // namespace dfd
