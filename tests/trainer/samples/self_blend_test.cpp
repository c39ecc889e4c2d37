// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/self_blend.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "detector/error.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

using test::face_picture;
using test::face_side;
using test::largest_difference;
using test::mean_difference;

FaceLandmarks usual(int size) { return usual_landmarks(face_side(size), size); }

BlendPlan plan_of(std::uint64_t index, const BlendOptions& options = {}) {
  Random random(1, 0, index, "blend");
  return draw_blend(options, random);
}

// Changes nothing: source and target are the same.
BlendPlan idle() { return {}; }

// Largest difference of any channel, pixel by pixel, CV_8UC1.
cv::Mat difference_of(const Blended& pair) {
  cv::Mat difference;
  cv::absdiff(pair.real, pair.fake, difference);
  std::array<cv::Mat, 3> channels;
  cv::split(difference, channels.data());
  return cv::max(cv::max(channels[0], channels[1]), channels[2]);
}

TEST(SelfBlend, RealAndFakeDifferOnlyInTheMask) {
  const cv::Mat picture = face_picture(100);
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Blended pair = self_blend({picture, usual(100)}, plan_of(index));
    cv::Mat outside = difference_of(pair);
    outside.setTo(0, pair.mask > 0);
    ASSERT_EQ(cv::countNonZero(outside), 0) << index;
  }
}

TEST(SelfBlend, EveryPairDiffersSomewhere) {
  const cv::Mat picture = face_picture(100);
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Blended pair = self_blend({picture, usual(100)}, plan_of(index));
    const int visible = cv::countNonZero(difference_of(pair) >= 2);
    ASSERT_GE(visible, 0.05 * cv::countNonZero(pair.mask > 0)) << index;
  }
}

TEST(SelfBlend, APlanThatChangesNothingIsMadeStronger) {
  for (const int level : {0, 128, 255}) {
    const cv::Mat flat(90, 90, CV_8UC3, cv::Scalar::all(level));
    for (const bool alter_source : {false, true}) {
      for (int kind = 0; kind < kMaskKinds; ++kind) {
        BlendPlan plan = idle();
        plan.alter_source = alter_source;
        plan.ratio = 0.25;
        plan.mask.kind = static_cast<MaskKind>(kind);
        const Blended pair = self_blend({flat, usual(90)}, plan);
        ASSERT_GE(cv::countNonZero(difference_of(pair) >= 20), 10) << level << " " << kind;
        ASSERT_EQ(largest_difference(pair.fake, self_blend({flat, usual(90)}, plan).fake), 0);
      }
    }
  }
}

TEST(SelfBlend, AWeakRatioAloneIsMadeWhole) {
  BlendPlan plan = idle();
  plan.ratio = 0.25;
  plan.alteration.color = ColorChange();
  plan.alteration.color->brightness = 0.016;  // Four levels: one of them at a quarter.
  const cv::Mat flat(90, 90, CV_8UC3, cv::Scalar::all(100));
  const Blended pair = self_blend({flat, usual(90)}, plan);
  EXPECT_EQ(largest_difference(pair.real, pair.fake), 4);
}

TEST(SelfBlend, TheMaskSaysHowMuchOfTheSourceThereIs) {
  BlendPlan plan = idle();
  plan.ratio = 0.5;
  plan.alteration.color = ColorChange();
  plan.alteration.color->brightness = 40 / 255.0;
  const cv::Mat flat(90, 90, CV_8UC3, cv::Scalar::all(100));
  const Blended pair = self_blend({flat, usual(90)}, plan);
  EXPECT_EQ(pair.mask.type(), CV_32FC1);
  for (int y = 0; y < 90; ++y) {
    for (int x = 0; x < 90; ++x) {
      ASSERT_NEAR(pair.fake.at<cv::Vec3b>(y, x)[0], 100 + 40 * pair.mask.at<float>(y, x), 0.51);
    }
  }
  double most = 0;
  cv::minMaxLoc(pair.mask, nullptr, &most);
  EXPECT_NEAR(most, 0.5, 1e-6);
}

TEST(SelfBlend, WhereTheSourceIsAlteredRealIsThePicture) {
  const cv::Mat picture = face_picture(100);
  BlendOptions options;
  options.alter_source = 1;
  for (std::uint64_t index = 0; index < 20; ++index) {
    const Blended pair = self_blend({picture, usual(100)}, plan_of(index, options));
    ASSERT_EQ(largest_difference(pair.real, picture), 0);
  }
}

TEST(SelfBlend, WhereTheTargetIsAlteredSoIsReal) {
  const cv::Mat picture = face_picture(100);
  BlendOptions options;
  options.alter_source = 0;
  for (std::uint64_t index = 0; index < 20; ++index) {
    const Blended pair = self_blend({picture, usual(100)}, plan_of(index, options));
    ASSERT_GT(mean_difference(pair.real, picture), 0.2) << index;
  }
}

TEST(SelfBlend, NeverWritesIntoThePictureNorSharesIt) {
  const cv::Mat picture = face_picture(100);
  const cv::Mat before = picture.clone();
  for (std::uint64_t index = 0; index < 30; ++index) {
    Blended pair = self_blend({picture, usual(100)}, plan_of(index));
    pair.real.setTo(0);
    pair.fake.setTo(0);
  }
  BlendPlan plan = idle();
  plan.alter_source = false;
  self_blend({picture, usual(100)}, plan).real.setTo(0);
  EXPECT_EQ(largest_difference(picture, before), 0);
}

TEST(SelfBlend, TheSameDrawGivesTheSamePixelsAnotherIndexOthers) {
  const cv::Mat picture = face_picture(100);
  for (std::uint64_t index = 0; index < 20; ++index) {
    const Blended one = self_blend({picture, usual(100)}, plan_of(index));
    const Blended again = self_blend({picture, usual(100)}, plan_of(index));
    const Blended other = self_blend({picture, usual(100)}, plan_of(index + 1));
    ASSERT_EQ(largest_difference(one.fake, again.fake), 0);
    ASSERT_EQ(largest_difference(one.real, again.real), 0);
    ASSERT_GT(largest_difference(one.fake, other.fake), 2);
  }
}

TEST(SelfBlend, TheSourceIsMovedByTheFacesSide) {
  const cv::Mat picture = face_picture(180);
  BlendPlan plan = idle();
  plan.shift = {0.1, 0.05};  // Of a face of 100 pixels.
  const cv::Mat fake = self_blend({picture, usual(180)}, plan).fake;
  const cv::Rect middle(80, 80, 20, 20);
  EXPECT_LE(largest_difference(fake(middle + cv::Point(10, 5)), picture(middle)), 1);
}

TEST(SelfBlend, ADecoderLeavesItsGrid) {
  const cv::Mat flat(120, 120, CV_8UC3, cv::Scalar::all(120));
  BlendPlan plan = idle();
  plan.regeneration = Regeneration{true, 1, 0.05, 0.5};
  const cv::Mat fake = self_blend({flat, usual(120)}, plan).fake;
  double next = 0, after_next = 0;
  for (int x = 50; x < 70; ++x) {
    const auto level = [&](int column) { return int{fake.at<cv::Vec3b>(64, column)[1]}; };
    next += std::abs(level(x) - level(x + 1));
    after_next += std::abs(level(x) - level(x + 2));
  }
  EXPECT_GT(next / 20, 8);  // A tenth of 120 from even to odd, a little less by rounding.
  EXPECT_LT(after_next / 20, 1);
}

TEST(SelfBlend, NearestPixelsLeaveSquares) {
  const cv::Mat picture = face_picture(120);
  BlendPlan plan = idle();
  plan.regeneration = Regeneration{false, 1, 0, 0};
  const cv::Mat fake = self_blend({picture, usual(120)}, plan).fake;
  double inside = 0, between = 0;
  for (int x = 50; x < 70; x += 2) {
    const auto level = [&](int column) { return int{fake.at<cv::Vec3b>(75, column)[1]}; };
    inside += std::abs(level(x) - level(x + 1));
    between += std::abs(level(x + 1) - level(x + 2));
  }
  EXPECT_LT(inside, 0.1 * between);
}

TEST(SelfBlend, AThousandDrawsOfAnySizeGiveTheRightPair) {
  for (std::uint64_t index = 0; index < 1000; ++index) {
    Random random(4, 0, index, "sizes");
    const int size = random.whole(16, 75);
    const cv::Mat picture = face_picture(size);
    FaceLandmarks landmarks = usual(size);
    // Up to half a picture away: faces at the edge of their frame.
    const auto right = static_cast<float>(random.between(-0.5, 0.5) * size);
    const auto down = static_cast<float>(random.between(-0.5, 0.5) * size);
    for (PointF& point : landmarks) point = {point.x + right, point.y + down};
    BlendOptions options;
    options.easiness = random.between(0, 1);
    const Blended pair = self_blend({picture, landmarks}, draw_blend(options, random));
    for (const cv::Mat& made : {pair.real, pair.fake}) {
      ASSERT_EQ(made.size(), picture.size());
      ASSERT_EQ(made.type(), CV_8UC3);
    }
    ASSERT_EQ(pair.mask.size(), picture.size());
    ASSERT_EQ(pair.mask.type(), CV_32FC1);
    ASSERT_GE(largest_difference(pair.real, pair.fake), 2) << index;
  }
}

TEST(SelfBlend, RefusesWhatIsNoMasterCropOrNoFace) {
  for (const cv::Mat& wrong : {cv::Mat(), cv::Mat(60, 61, CV_8UC3), cv::Mat(60, 60, CV_8UC1)}) {
    EXPECT_THROW(self_blend({wrong, usual(60)}, idle()), Error);
    const cv::Mat right = face_picture(60);
    EXPECT_THROW(blend_faces({right, usual(60)}, {wrong, usual(60)}, idle()), Error);
    EXPECT_THROW(blend_faces({wrong, usual(60)}, {right, usual(60)}, idle()), Error);
  }
  FaceLandmarks one_place;
  one_place.fill({30, 30});
  const cv::Mat picture = face_picture(60);
  EXPECT_THROW(self_blend({picture, one_place}, idle()), Error);
  EXPECT_THROW(blend_faces({picture, usual(60)}, {picture, one_place}, idle()), Error);
}

TEST(SelfBlend, RefusesAPlanWhoseNumbersAreOutOfRange) {
  const cv::Mat picture = face_picture(60);
  std::vector<BlendPlan> wrong(6, idle());
  wrong[0].ratio = 0;
  wrong[1].ratio = 1.5;
  wrong[2].scale = 0;
  wrong[3].mask.scale.x = std::numeric_limits<double>::quiet_NaN();
  wrong[4].regeneration = Regeneration{true, 0, 0, 0};
  wrong[5].regeneration = Regeneration{true, 1, 0, 2};
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_THROW(self_blend({picture, usual(60)}, wrong[i]), Error) << i;
    EXPECT_THROW(blend_faces({picture, usual(60)}, {picture, usual(60)}, wrong[i]), Error) << i;
  }
}

TEST(DrawBlend, HappensAsOftenAsAsked) {
  const BlendOptions options;
  constexpr int kDraws = 4000;
  std::array<int, kMaskKinds> kinds{};
  int source = 0, full = 0, rescale = 0, sharpen = 0, blur = 0, regenerate = 0, noise = 0, jpeg = 0;
  for (std::uint64_t index = 0; index < kDraws; ++index) {
    const BlendPlan plan = plan_of(index);
    ++kinds[static_cast<std::size_t>(plan.mask.kind)];
    source += plan.alter_source;
    full += plan.ratio == 1;
    rescale += plan.alteration.rescale.has_value();
    sharpen += plan.alteration.sharpen.has_value();
    blur += plan.alteration.blur.has_value();
    regenerate += plan.regeneration.has_value();
    noise += plan.alteration.noise.has_value();
    jpeg += plan.alteration.last_jpeg.has_value();
    ASSERT_LE(std::abs(plan.shift.x), options.shift);
    ASSERT_LE(std::abs(plan.shift.y), options.shift / 2);
    ASSERT_GE(plan.scale, 1 / 1.05);
    ASSERT_LE(plan.scale, 1.05);
  }
  const auto expect = [](const char* name, int count, double probability) {
    EXPECT_NEAR(count / double{kDraws}, probability, 0.03) << name;
  };
  expect("whole face", kinds[0], options.whole_face);
  expect("no forehead", kinds[1], options.no_forehead);
  expect("inner face", kinds[2], options.inner_face);
  expect("lower face", kinds[3], options.lower_face);
  expect("mouth", kinds[4], options.mouth);
  expect("eyes", kinds[5], options.eyes);
  expect("source", source, options.alter_source);
  expect("full", full, 0.5);
  expect("rescale", rescale, options.rescale);
  expect("sharpen", sharpen, options.sharpen);
  expect("blur", blur, options.blur);
  expect("regenerate", regenerate, options.regenerate);
  expect("noise", noise, options.noise);
  expect("jpeg", jpeg, options.jpeg);
}

TEST(DrawBlend, EasyOnesAreWholeLargeAndClear) {
  BlendOptions easy;
  easy.easiness = 1;
  const cv::Mat picture = face_picture(80);
  double clear = 0, hard = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const BlendPlan plan = plan_of(index, easy);
    ASSERT_EQ(plan.ratio, 1);
    ASSERT_NE(plan.mask.kind, MaskKind::kMouth);
    ASSERT_NE(plan.mask.kind, MaskKind::kEyes);
    const Blended one = self_blend({picture, usual(80)}, plan);
    clear += mean_difference(one.real, one.fake);
    const Blended other = self_blend({picture, usual(80)}, plan_of(index));
    hard += mean_difference(other.real, other.fake);
  }
  EXPECT_GT(clear, 1.5 * hard);
}

TEST(DrawBlend, AKindWithoutWeightNeverComes) {
  BlendOptions options;
  options.whole_face = options.eyes = 0;
  for (std::uint64_t index = 0; index < 300; ++index) {
    const MaskKind kind = plan_of(index, options).mask.kind;
    ASSERT_NE(kind, MaskKind::kWholeFace);
    ASSERT_NE(kind, MaskKind::kEyes);
  }
}

struct BadOption {
  const char* name;
  std::function<void(BlendOptions&)> spoil;
};

TEST(BlendOptions, WhatIsOutOfRangeIsNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<BadOption> bad{
      {"easiness", [](auto& options) { options.easiness = 1.5; }},
      {"whole_face", [](auto& options) { options.whole_face = -1; }},
      {"eyes", [nan](auto& options) { options.eyes = nan; }},
      {"no kind of mask",
       [](auto& options) {
         options.whole_face = options.no_forehead = options.inner_face = options.lower_face = 0;
         options.easiness = 1;
       }},
      {"alter_source", [](auto& options) { options.alter_source = -0.5; }},
      {"color_range.hue", [](auto& options) { options.color_range.hue = 200; }},
      {"rescale", [](auto& options) { options.rescale = -0.1; }},
      {"rescale + sharpen", [](auto& options) { options.sharpen = 0.9; }},
      {"rescale_factor",
       [](auto& options) {
         options.rescale_factor = {0.5, 0.4};
       }},
      {"sharpen_amount",
       [](auto& options) {
         options.sharpen_amount = {0, 99};
       }},
      {"sharpen_sigma",
       [](auto& options) {
         options.sharpen_sigma = {0, 1};
       }},
      {"blur_sigma",
       [](auto& options) {
         options.blur_sigma = {-1, 1};
       }},
      {"noise", [](auto& options) { options.noise = 2; }},
      {"noise_sigma",
       [](auto& options) {
         options.noise_sigma = {5, 1};
       }},
      {"jpeg", [](auto& options) { options.jpeg = -1; }},
      {"jpeg_quality",
       [](auto& options) {
         options.jpeg_quality = {0, 90};
       }},
      {"shift", [](auto& options) { options.shift = 0.6; }},
      {"scale", [](auto& options) { options.scale = -0.1; }},
  };
  for (const BadOption& option : bad) {
    BlendOptions options;
    option.spoil(options);
    Random random(1);
    try {
      draw_blend(options, random);
      FAIL() << option.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()).find(option.name), 0U) << error.what();
    }
  }
}

TEST(Jittered, TremblesAndStaysTheSameForgery) {
  const cv::Mat picture = face_picture(100);
  for (std::uint64_t index = 0; index < 30; ++index) {
    const BlendPlan plan = plan_of(index);
    Random random(1, 1, index, "tremble");
    const BlendPlan next = jittered(plan, random);
    ASSERT_EQ(next.mask.kind, plan.mask.kind);
    ASSERT_EQ(next.ratio, plan.ratio);
    ASSERT_EQ(next.alter_source, plan.alter_source);
    ASSERT_EQ(next.alteration.last_jpeg.has_value(), plan.alteration.last_jpeg.has_value());
    if (plan.alteration.noise) {
      ASSERT_EQ(next.alteration.noise->sigma, plan.alteration.noise->sigma);
      ASSERT_NE(next.alteration.noise->seed, plan.alteration.noise->seed);
    }
    const cv::Mat mask = face_mask(plan.mask, usual(100), 100);
    const cv::Mat moved = face_mask(next.mask, usual(100), 100);
    ASSERT_GT(cv::norm(mask, moved, cv::NORM_L1), 0);
    ASSERT_LT(cv::norm(mask, moved, cv::NORM_L1), 0.35 * cv::sum(mask)[0]) << index;
  }
}

TEST(BlendFaces, TheOthersFaceComesToTheTargetsPlace) {
  const cv::Mat target = face_picture(120);
  // The other face: twice the picture, a quarter turn, a green nose.
  cv::Mat source = face_picture(240);
  FaceLandmarks landmarks = usual(240);
  cv::circle(source, {cvRound(landmarks[2].x), cvRound(landmarks[2].y)}, 12, cv::Scalar(0, 255, 0),
             cv::FILLED);
  cv::rotate(source, source, cv::ROTATE_90_CLOCKWISE);
  for (PointF& point : landmarks) point = {240 - point.y, point.x};
  const Blended pair = blend_faces({target, usual(120)}, {source, landmarks}, idle());
  std::array<cv::Mat, 3> channels;
  cv::split(pair.fake, channels.data());
  // Matched colours are not pure any more; nothing else has so much less blue than green.
  const cv::Mat green = channels[1] - channels[2] > 70;
  const cv::Moments moments = cv::moments(green, true);
  ASSERT_GT(moments.m00, 50);
  EXPECT_NEAR(moments.m10 / moments.m00, usual(120)[2].x - 0.5, 1);
  EXPECT_NEAR(moments.m01 / moments.m00, usual(120)[2].y - 0.5, 1);
}

TEST(BlendFaces, ColorsAreTheTargetsWithinTheMask) {
  const cv::Mat target = face_picture(120);
  ColorChange other_light;
  other_light.brightness = -0.15;
  other_light.white_balance = {0.8, 1, 1.3};
  const cv::Mat source = recolored(target, other_light);
  const Blended pair = blend_faces({target, usual(120)}, {source, usual(120)}, idle());
  const cv::Mat inside = pair.mask > 0.5;
  const cv::Scalar apart = cv::mean(target, inside) - cv::mean(source, inside);
  const cv::Scalar matched = cv::mean(target, inside) - cv::mean(pair.fake, inside);
  EXPECT_GT(cv::norm(apart), 40);
  EXPECT_LT(cv::norm(matched), 6);
}

TEST(BlendFaces, RealIsTheTargetAndTheRestIsUntouched) {
  const cv::Mat target = face_picture(120);
  const cv::Mat source = face_picture(90);
  BlendOptions options;
  options.alter_source = 1;
  for (std::uint64_t index = 0; index < 40; ++index) {
    const Blended pair =
        blend_faces({target, usual(120)}, {source, usual(90)}, plan_of(index, options));
    ASSERT_EQ(largest_difference(pair.real, target), 0);
    cv::Mat outside = difference_of(pair);
    outside.setTo(0, pair.mask > 0);
    ASSERT_EQ(cv::countNonZero(outside), 0);
    ASSERT_GE(largest_difference(pair.real, pair.fake), 2);
  }
}

TEST(PoseDifference, IsNoughtForTheSameFaceHoweverItLies) {
  FaceLandmarks turned = usual(100);
  for (PointF& point : turned) point = {300 - 3 * point.y, 20 + 3 * point.x};
  EXPECT_NEAR(pose_difference(usual(100), turned), 0, 1e-5);
}

TEST(PoseDifference, GrowsAsTheNoseMoves) {
  FaceLandmarks turned = usual(100);
  turned[2].x += 6;
  const double little = pose_difference(usual(100), turned);
  EXPECT_GT(little, 0.02);
  turned[2].x += 6;
  EXPECT_GT(pose_difference(usual(100), turned), 1.5 * little);
  EXPECT_NEAR(pose_difference(turned, usual(100)), pose_difference(usual(100), turned), 1e-9);
}

}  // namespace
}  // namespace dfd
