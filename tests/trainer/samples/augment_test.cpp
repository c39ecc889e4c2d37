// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
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
using test::largest_difference;
using test::mean_difference;
using test::sharpness;

// Nothing changes; small, so that tests are quick.
AugmentOptions still() {
  AugmentOptions options;
  options.size = 64;
  options.flip = options.shift = options.scale = options.turn = 0;
  options.color = options.grey = options.blur = options.noise = 0;
  options.sharpen = options.rescale = options.jpeg = 0;
  return options;
}

cv::Mat augmented(const cv::Mat& master, const AugmentOptions& options, std::uint64_t index) {
  Random random(1, 2, index, "augment");
  return augment(master, draw_augmentation(options, random), options);
}

// Where a bright dot of a crop lies, in pixels from the corner.
cv::Point2d dot_in(const cv::Mat& crop) {
  cv::Mat light;
  cv::cvtColor(crop, light, cv::COLOR_RGB2GRAY);
  const cv::Moments moments = cv::moments(light);
  return {moments.m10 / moments.m00 + 0.5, moments.m01 / moments.m00 + 0.5};
}

// A master crop of 180 pixels, black but for a dot; the network's crop is 100 of it.
cv::Mat with_dot(const cv::Point& at) {
  cv::Mat master(180, 180, CV_8UC3, cv::Scalar::all(0));
  cv::circle(master, at, 4, cv::Scalar::all(255), cv::FILLED);
  return master;
}

AugmentOptions one_to_one() {
  AugmentOptions options = still();
  options.size = 100;
  options.margin = 1;
  return options;
}

TEST(MiddleCrop, IsTheMiddleOfTheMaster) {
  const cv::Mat master = face_picture(180);
  EXPECT_EQ(
      largest_difference(middle_crop(master, one_to_one()), master(cv::Rect(40, 40, 100, 100))), 0);
}

TEST(MiddleCrop, ReducesBeforeItSamples) {
  // Stripes of a pixel: what skips pixels sees some of them, an average sees none.
  cv::Mat stripes(360, 360, CV_8UC3, cv::Scalar::all(0));
  for (int x = 0; x < stripes.cols; x += 2) stripes.col(x).setTo(cv::Scalar::all(200));
  AugmentOptions options = still();
  options.size = 40;
  EXPECT_LE(largest_difference(middle_crop(stripes, options),
                               cv::Mat(40, 40, CV_8UC3, cv::Scalar::all(100))),
            4);
}

TEST(Augment, WithoutChangesIsTheMiddleCrop) {
  const cv::Mat master = face_picture(101);
  EXPECT_EQ(largest_difference(augmented(master, still(), 0), middle_crop(master, still())), 0);
}

TEST(Augment, TheSameDrawGivesTheSamePixels) {
  const cv::Mat master = face_picture(120);
  AugmentOptions options;
  options.size = 64;
  for (std::uint64_t index = 0; index < 20; ++index) {
    EXPECT_EQ(
        largest_difference(augmented(master, options, index), augmented(master, options, index)),
        0);
  }
}

TEST(Augment, AnotherIndexGivesAnotherPicture) {
  const cv::Mat master = face_picture(120);
  AugmentOptions options;
  options.size = 64;
  for (std::uint64_t index = 0; index < 20; ++index) {
    EXPECT_GT(
        mean_difference(augmented(master, options, index), augmented(master, options, index + 1)),
        0.5);
  }
}

TEST(Augment, NeverWritesIntoTheMaster) {
  const cv::Mat master = face_picture(120);
  const cv::Mat before = master.clone();
  for (std::uint64_t index = 0; index < 30; ++index) augmented(master, AugmentOptions(), index);
  EXPECT_EQ(largest_difference(master, before), 0);
}

TEST(Augment, RealAndFakeDifferOnlyWhereTheMastersDo) {
  const cv::Mat real = face_picture(180);
  cv::Mat fake = real.clone();
  fake(cv::Rect(85, 85, 10, 10)) += cv::Scalar(20, 10, 5);
  AugmentOptions options = one_to_one();
  options.color = options.blur = options.noise = options.sharpen = options.flip = 1;
  for (std::uint64_t index = 0; index < 10; ++index) {
    const cv::Mat a = augmented(real, options, index);
    const cv::Mat b = augmented(fake, options, index);
    EXPECT_GT(largest_difference(a, b), 5);
    EXPECT_EQ(largest_difference(a.rowRange(0, 25), b.rowRange(0, 25)), 0);
    EXPECT_EQ(largest_difference(a.colRange(75, 100), b.colRange(75, 100)), 0);
  }
}

TEST(Augment, FlipIsTheMirrorImage) {
  AugmentOptions options = still();
  options.flip = 1;
  const cv::Mat master = face_picture(120);
  cv::Mat mirrored;
  cv::flip(middle_crop(master, options), mirrored, 1);
  EXPECT_LE(largest_difference(augmented(master, options, 0), mirrored), 1);
}

TEST(Augment, ShiftMovesTheCrop) {
  Augmentation moved;
  moved.shift = {0.1, -0.05};
  const cv::Point2d dot = dot_in(augment(with_dot({90, 90}), moved, one_to_one()));
  EXPECT_NEAR(dot.x, 50.5 - 10, 0.1);
  EXPECT_NEAR(dot.y, 50.5 + 5, 0.1);
}

TEST(Augment, ScaleShowsMore) {
  Augmentation larger;
  larger.scale = 1.25;
  const cv::Point2d dot = dot_in(augment(with_dot({115, 90}), larger, one_to_one()));
  EXPECT_NEAR(dot.x, 50 + 25.5 / 1.25, 0.2);
}

TEST(Augment, TurnTurnsTheCropClockwise) {
  Augmentation turned;
  turned.turn = 30;
  const cv::Point2d dot = dot_in(augment(with_dot({115, 90}), turned, one_to_one()));
  EXPECT_NEAR(dot.x, 50 + 25.5 * std::cos(CV_PI / 6), 0.5);
  EXPECT_NEAR(dot.y, 50 - 25.5 * std::sin(CV_PI / 6), 0.5);
}

TEST(Augment, BesideTheMasterIsItsMirrorImage) {
  AugmentOptions options = still();
  options.margin = options.master_margin;
  Augmentation moved;
  moved.shift = {0.4, 0};
  const cv::Mat crop = augment(cv::Mat(90, 90, CV_8UC3, cv::Scalar(10, 120, 230)), moved, options);
  EXPECT_LE(largest_difference(crop, cv::Mat(64, 64, CV_8UC3, cv::Scalar(10, 120, 230))), 1);
}

// What one kind alone does to a face, always in the same 8 draws.
void expect_each(const std::function<void(AugmentOptions&)>& switch_on,
                 const std::function<void(const cv::Mat& changed, const cv::Mat& plain)>& check) {
  AugmentOptions options = still();
  switch_on(options);
  const cv::Mat master = face_picture(120);
  const cv::Mat plain = middle_crop(master, still());
  for (std::uint64_t index = 0; index < 8; ++index) check(augmented(master, options, index), plain);
}

TEST(Augment, BlurAloneIsLessSharp) {
  expect_each(
      [](AugmentOptions& options) {
        options.blur = 1;
        options.blur_sigma.low = 0.7;
      },
      [](const cv::Mat& changed, const cv::Mat& plain) {
        EXPECT_LT(sharpness(changed), 0.95 * sharpness(plain));
      });
}

TEST(Augment, SharpenAloneIsSharper) {
  expect_each([](AugmentOptions& options) { options.sharpen = 1; },
              [](const cv::Mat& changed, const cv::Mat& plain) {
                EXPECT_GT(sharpness(changed), 1.1 * sharpness(plain));
              });
}

TEST(Augment, RescaleAloneIsLessSharp) {
  expect_each(
      [](AugmentOptions& options) {
        options.rescale = 1;
        options.rescale_factor.high = 0.4;
      },
      [](const cv::Mat& changed, const cv::Mat& plain) {
        EXPECT_LT(sharpness(changed), 0.9 * sharpness(plain));
      });
}

TEST(Augment, NoiseAloneIsSharperAndAsBright) {
  expect_each(
      [](AugmentOptions& options) {
        options.noise = 1;
        options.noise_sigma.low = 5;
      },
      [](const cv::Mat& changed, const cv::Mat& plain) {
        EXPECT_GT(sharpness(changed), sharpness(plain));
        EXPECT_NEAR(cv::mean(changed)[1], cv::mean(plain)[1], 0.5);
      });
}

TEST(Augment, GreyAloneHasNoColor) {
  expect_each([](AugmentOptions& options) { options.grey = 1; },
              [](const cv::Mat& changed, const cv::Mat&) {
                std::array<cv::Mat, 3> channels;
                cv::split(changed, channels.data());
                EXPECT_EQ(cv::norm(channels[0], channels[2], cv::NORM_INF), 0);
              });
}

TEST(Augment, ColorAloneChangesTheMean) {
  expect_each([](AugmentOptions& options) { options.color = 1; },
              [](const cv::Mat& changed, const cv::Mat& plain) {
                EXPECT_GT(cv::norm(cv::mean(changed) - cv::mean(plain)), 1);
              });
}

TEST(Augment, JpegAloneChangesLittle) {
  expect_each(
      [](AugmentOptions& options) {
        options.jpeg = 1;
        options.jpeg_quality = {50, 80};
      },
      [](const cv::Mat& changed, const cv::Mat& plain) {
        EXPECT_GT(mean_difference(changed, plain), 0.3);
        EXPECT_LT(mean_difference(changed, plain), 10);
      });
}

TEST(Augment, MeansTheSameInALargerMaster) {
  cv::Mat large;
  cv::resize(face_picture(90), large, {360, 360}, 0, 0, cv::INTER_CUBIC);
  cv::Mat small;
  cv::resize(large, small, {180, 180}, 0, 0, cv::INTER_AREA);
  AugmentOptions options = still();
  options.size = 100;
  Augmentation blurs;
  blurs.degradation.blur = Blur{2, 0, 0};
  Augmentation rescales;
  rescales.degradation.rescale = Rescale{0.4, cv::INTER_AREA, cv::INTER_LINEAR};
  for (const Augmentation& augmentation : {blurs, rescales}) {
    const cv::Mat changed = augment(large, augmentation, options);
    const double change = mean_difference(changed, middle_crop(large, options));
    EXPECT_GT(change, 3);
    // In pixels of the master instead, this would be more than half of the change.
    EXPECT_LT(mean_difference(changed, augment(small, augmentation, options)), 0.45 * change);
  }
}

TEST(DrawAugmentation, HappensAsOftenAsAsked) {
  const AugmentOptions options;
  constexpr int kDraws = 4000;
  int flip = 0, color = 0, grey = 0, blur = 0, motion = 0, noise = 0, sharpen = 0, rescale = 0;
  int jpeg = 0, twice = 0;
  for (int i = 0; i < kDraws; ++i) {
    Random random(5, 0, static_cast<std::uint64_t>(i), "augment");
    const Augmentation drawn = draw_augmentation(options, random);
    const Degradation& change = drawn.degradation;
    flip += drawn.flip;
    color += change.color.has_value();
    grey += change.grey;
    blur += change.blur.has_value();
    motion += change.blur && change.blur->length > 0;
    noise += change.noise.has_value();
    sharpen += change.sharpen.has_value();
    rescale += change.rescale.has_value();
    jpeg += change.last_jpeg.has_value();
    twice += change.first_jpeg.has_value();
    ASSERT_TRUE(change.last_jpeg || !change.first_jpeg);
  }
  const auto expect = [](const char* name, int count, double probability) {
    EXPECT_NEAR(count / double{kDraws}, probability, 0.03) << name;
  };
  expect("flip", flip, options.flip);
  expect("color", color, options.color);
  expect("grey", grey, options.grey);
  expect("blur", blur, options.blur);
  expect("motion", motion, options.blur * options.motion);
  expect("noise", noise, options.noise);
  expect("sharpen", sharpen, options.sharpen);
  expect("rescale", rescale, options.rescale);
  expect("jpeg", jpeg, options.jpeg);
  expect("twice", twice, options.jpeg * options.second_jpeg);
}

TEST(DrawAugmentation, StaysInItsRangesAndReachesTheirEnds) {
  const AugmentOptions options;
  double shift = 0, turn = 0, low = 1, high = 1;
  int worst = 100;
  for (std::uint64_t index = 0; index < 1000; ++index) {
    Random random(5, 0, index, "augment");
    const Augmentation drawn = draw_augmentation(options, random);
    shift = std::max({shift, std::abs(drawn.shift.x), std::abs(drawn.shift.y)});
    turn = std::max(turn, std::abs(drawn.turn));
    low = std::min(low, drawn.scale);
    high = std::max(high, drawn.scale);
    if (drawn.degradation.last_jpeg) {
      worst = std::min(worst, drawn.degradation.last_jpeg->quality);
    }
  }
  EXPECT_LE(shift, options.shift);
  EXPECT_GT(shift, 0.95 * options.shift);
  EXPECT_LE(turn, options.turn);
  EXPECT_GT(turn, 0.95 * options.turn);
  EXPECT_GE(low, 1 / 1.1);
  EXPECT_LE(high, 1.1);
  EXPECT_GT(high, 1.09);
  EXPECT_GE(worst, 25);
  EXPECT_LT(worst, 30);
}

TEST(DrawAugmentation, AtNoStrengthOnlyFlipsTremblesAndPacksWell) {
  AugmentOptions options;
  options.strength = 0;
  int files = 0, flips = 0;
  for (std::uint64_t index = 0; index < 300; ++index) {
    Random random(5, 0, index, "augment");
    const Augmentation drawn = draw_augmentation(options, random);
    const Degradation& change = drawn.degradation;
    ASSERT_FALSE(change.color || change.grey || change.blur || change.noise || change.sharpen ||
                 change.rescale);
    ASSERT_LE(std::abs(drawn.shift.x), 0.016001);
    ASSERT_LE(std::abs(drawn.turn), 1.0001);
    flips += drawn.flip;
    if (!change.last_jpeg) continue;
    ++files;
    ASSERT_GE(change.last_jpeg->quality, 90);
  }
  EXPECT_GT(files, 100);
  EXPECT_GT(flips, 100);
}

TEST(DrawAugmentation, OneProbabilityLeavesTheOtherDraws) {
  AugmentOptions without;
  without.blur = without.color = without.rescale = without.jpeg = 0;
  for (std::uint64_t index = 0; index < 50; ++index) {
    Random one(5, 0, index, "augment");
    Random other(5, 0, index, "augment");
    const Augmentation a = draw_augmentation(AugmentOptions(), one);
    const Augmentation b = draw_augmentation(without, other);
    ASSERT_EQ(a.turn, b.turn);
    ASSERT_EQ(a.degradation.noise.has_value(), b.degradation.noise.has_value());
    if (a.degradation.noise) {
      ASSERT_EQ(a.degradation.noise->seed, b.degradation.noise->seed);
    }
  }
}

TEST(Augment, AThousandDrawsGiveTheRightSizeAndType) {
  for (std::uint64_t index = 0; index < 1000; ++index) {
    Random random(6, 0, index, "sizes");
    AugmentOptions options;
    options.size = random.whole(16, 70);
    options.strength = random.between(0, 1);
    options.master_margin = random.between(1, 2.5);
    options.margin = random.between(1, options.master_margin);
    const cv::Mat master = face_picture(random.whole(20, 90));
    const cv::Mat crop = augment(master, draw_augmentation(options, random), options);
    ASSERT_EQ(crop.size(), cv::Size(options.size, options.size));
    ASSERT_EQ(crop.type(), CV_8UC3);
  }
}

TEST(Augment, TakesAMasterOfOnePixel) {
  const cv::Mat pixel(1, 1, CV_8UC3, cv::Scalar(10, 20, 30));
  EXPECT_EQ(largest_difference(middle_crop(pixel, still()),
                               cv::Mat(64, 64, CV_8UC3, cv::Scalar(10, 20, 30))),
            0);
}

TEST(Augment, RefusesWhatIsNoMasterCrop) {
  for (const cv::Mat& wrong :
       {cv::Mat(), cv::Mat(20, 21, CV_8UC3), cv::Mat(20, 20, CV_8UC1), cv::Mat(20, 20, CV_8UC4)}) {
    EXPECT_THROW(augment(wrong, {}, AugmentOptions()), Error);
    EXPECT_THROW(middle_crop(wrong, AugmentOptions()), Error);
  }
}

TEST(Augment, TheNextFrameTremblesAndHasAnotherNoise) {
  AugmentOptions options;
  options.size = 64;
  options.noise = 1;
  Random random(1, 2, 3, "augment");
  const Augmentation first = draw_augmentation(options, random);
  const Augmentation next = trembled(first, random);
  EXPECT_NE(next.shift.x, first.shift.x);
  EXPECT_NEAR(next.shift.x, first.shift.x, 0.06);
  EXPECT_NEAR(next.shift.y, first.shift.y, 0.06);
  EXPECT_NEAR(next.scale / first.scale, 1, 0.06);
  EXPECT_NEAR(next.turn, first.turn, 3);
  EXPECT_EQ(next.flip, first.flip);
  ASSERT_TRUE(first.degradation.noise && next.degradation.noise);
  EXPECT_NE(next.degradation.noise->seed, first.degradation.noise->seed);
  EXPECT_EQ(next.degradation.noise->sigma, first.degradation.noise->sigma);
}

TEST(Augment, RefusesACropBesideItsMaster) {
  Augmentation away;
  away.shift = {9, 0};
  EXPECT_THROW(augment(face_picture(60), away, AugmentOptions()), Error);
}

struct BadOption {
  const char* name;
  std::function<void(AugmentOptions&)> spoil;
};

std::vector<BadOption> bad_options() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {
      {"size", [](auto& options) { options.size = 0; }},
      {"margin", [](auto& options) { options.margin = 1.9; }},
      {"master_margin", [](auto& options) { options.master_margin = 5; }},
      {"strength", [](auto& options) { options.strength = 1.01; }},
      {"flip", [](auto& options) { options.flip = -0.1; }},
      {"shift", [](auto& options) { options.shift = 0.6; }},
      {"scale", [](auto& options) { options.scale = -0.1; }},
      {"turn", [nan](auto& options) { options.turn = nan; }},
      {"color", [](auto& options) { options.color = 2; }},
      {"color_range.hue", [](auto& options) { options.color_range.hue = -1; }},
      {"color_range.gamma", [](auto& options) { options.color_range.gamma = -1; }},
      {"grey", [](auto& options) { options.grey = 2; }},
      {"blur", [](auto& options) { options.blur = 2; }},
      {"blur_sigma",
       [](auto& options) {
         options.blur_sigma = {2, 1};
       }},
      {"motion", [](auto& options) { options.motion = 2; }},
      {"motion_length",
       [](auto& options) {
         options.motion_length = {-1, 1};
       }},
      {"noise", [](auto& options) { options.noise = 2; }},
      {"noise_sigma",
       [](auto& options) {
         options.noise_sigma = {1, 1000};
       }},
      {"sharpen", [](auto& options) { options.sharpen = 2; }},
      {"sharpen_amount",
       [](auto& options) {
         options.sharpen_amount = {1, 0};
       }},
      {"sharpen_sigma",
       [](auto& options) {
         options.sharpen_sigma = {0, 1};
       }},
      {"rescale", [](auto& options) { options.rescale = 2; }},
      {"rescale_factor",
       [](auto& options) {
         options.rescale_factor = {0, 1};
       }},
      {"jpeg", [](auto& options) { options.jpeg = 2; }},
      {"second_jpeg", [](auto& options) { options.second_jpeg = 2; }},
      {"jpeg_quality",
       [](auto& options) {
         options.jpeg_quality = {0, 100};
       }},
  };
}

TEST(AugmentOptions, WhatIsOutOfRangeIsNamed) {
  for (const BadOption& option : bad_options()) {
    AugmentOptions options;
    option.spoil(options);
    Random random(1);
    try {
      draw_augmentation(options, random);
      FAIL() << option.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(std::string(error.what()).find(option.name), 0U) << error.what();
    }
    EXPECT_THROW(augment(face_picture(60), {}, options), Error) << option.name;
    EXPECT_THROW(describe(options), Error) << option.name;
  }
}

TEST(Describe, NamesEachChangeAndHowOften) {
  AugmentOptions options;
  options.strength = 0.5;
  const auto list = describe(options);
  const auto text = [&](const std::string& name) {
    for (const auto& [key, value] : list) {
      if (key == name) return value;
    }
    return std::string();
  };
  for (const char* name : {"flip", "shift", "scale", "turn", "color", "grey", "blur", "motion blur",
                           "noise", "sharpen", "rescale", "jpeg"}) {
    EXPECT_NE(text(name), "") << name;
  }
  EXPECT_EQ(text("flip").find("50 %"), 0U);
  EXPECT_EQ(text("color").find("25 %"), 0U);
  EXPECT_NE(text("jpeg").find("quality 57.5 to 100"), std::string::npos) << text("jpeg");
}

}  // namespace
}  // namespace dfd
