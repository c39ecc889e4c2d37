// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

CalibrationOptions as_they_are() {
  CalibrationOptions options;
  options.weights = ClassWeights::kAsTheyAre;
  return options;
}

// Clips whose labels follow sigmoid((logit - bias) / temperature) as exactly as counts can: at each
// logit the share of fakes is that probability.
std::vector<LabeledLogit> clips_of(double temperature, double bias) {
  constexpr int kAtEach = 400;
  std::vector<LabeledLogit> clips;
  for (double x = -3; x <= 3; x += 0.5) {
    const long fakes = std::lround(kAtEach * sigmoid(x));
    for (int i = 0; i < kAtEach; ++i) clips.push_back({bias + temperature * x, i < fakes});
  }
  return clips;
}

void expect_refused(const std::vector<LabeledLogit>& clips, const CalibrationOptions& options,
                    const std::string& text) {
  try {
    calibrate(clips, options);
    FAIL() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Calibration, FindsWhatMadeTheLabels) {
  for (const double temperature : {0.05, 1.0, 7.0}) {
    for (const double bias : {-3.0, 0.0, 2.0}) {
      const Calibration found = calibrate(clips_of(temperature, bias), as_they_are());
      EXPECT_NEAR(found.temperature / temperature, 1, 0.02);
      EXPECT_NEAR(found.bias, bias, 0.05 * temperature);
      EXPECT_LE(found.after.log_loss, found.before.log_loss + 1e-9);
      EXPECT_LT(found.after.ece, 0.02);
      EXPECT_DOUBLE_EQ(found.threshold, 0.5);
      EXPECT_FALSE(found.fpr);
    }
  }
}

// Against a search over a grid that knows nothing of slopes.
TEST(Calibration, NoPointOfAGridIsBetter) {
  std::mt19937 random(3);
  std::vector<LabeledLogit> clips;
  for (int i = 0; i < 300; ++i) {
    const double logit = static_cast<double>(random() % 1000) / 100 - 5;
    clips.push_back(
        {logit, static_cast<double>(random() % 1000) / 1000 < sigmoid(0.4 * logit - 1)});
  }
  const Calibration found = calibrate(clips, as_they_are());
  double mean = 0;
  double variance = 0;
  for (const LabeledLogit& clip : clips) mean += clip.logit / 300;
  for (const LabeledLogit& clip : clips) variance += std::pow(clip.logit - mean, 2) / 300;
  const auto loss = [&](double temperature, double bias) {
    double sum = std::pow(std::log(temperature / std::sqrt(variance)) / 2, 2) / 2 +
                 std::pow((bias - mean) / temperature / 10, 2) / 2;
    for (const LabeledLogit& clip : clips) {
      const double p = sigmoid((clip.logit - bias) / temperature);
      sum -= std::log(clip.fake ? p : 1 - p);
    }
    return sum;
  };
  const double best = loss(found.temperature, found.bias);
  for (double t = 0.5; t < 8; t *= 1.02) {
    for (double b = -5; b < 8; b += 0.1) EXPECT_GE(loss(t, b), best - 1e-9) << t << ' ' << b;
  }
  // Nor is one beside it, however near.
  for (const double step : {1e-2, 1e-3}) {
    EXPECT_GE(loss(found.temperature * (1 + step), found.bias), best);
    EXPECT_GE(loss(found.temperature * (1 - step), found.bias), best);
    EXPECT_GE(loss(found.temperature, found.bias + step), best);
    EXPECT_GE(loss(found.temperature, found.bias - step), best);
  }
}

TEST(Calibration, ClassesApartDoNotRunAway) {
  const Calibration found =
      calibrate({{-2, false}, {-3, false}, {-1, false}, {1, true}, {2, true}}, as_they_are());
  EXPECT_GT(found.temperature, 0.05);
  EXPECT_LT(found.temperature, 1);
  EXPECT_LT(std::abs(found.bias), 1);
}

TEST(Calibration, EqualLogitsGiveTheShareOfFakes) {
  std::vector<LabeledLogit> clips(300, {2.0, false});
  for (std::size_t i = 0; i < 100; ++i) clips[i].fake = true;
  const Calibration found = calibrate(clips, as_they_are());
  EXPECT_NEAR(sigmoid((2 - found.bias) / found.temperature), 1.0 / 3, 0.01);
  const Calibration balanced = calibrate(clips, CalibrationOptions());
  EXPECT_NEAR(sigmoid((2 - balanced.bias) / balanced.temperature), 0.5, 0.01);
}

TEST(Calibration, WrongWayRoundComesOutNearAConstant) {
  std::vector<LabeledLogit> clips = clips_of(1, 0);
  for (LabeledLogit& clip : clips) clip.fake = !clip.fake;
  const Calibration found = calibrate(clips, as_they_are());
  EXPECT_GT(found.temperature, 10);
  EXPECT_NEAR(found.after.log_loss, std::log(2), 0.01);
}

TEST(Calibration, StaysWithinTheModelFilesRange) {
  std::vector<LabeledLogit> clips = clips_of(1e-5, 0);
  EXPECT_GE(calibrate(clips, as_they_are()).temperature, 1e-3);
  clips = clips_of(1e5, 0);
  EXPECT_LE(calibrate(clips, as_they_are()).temperature, 1e3);
  expect_refused(clips_of(10, 5000), as_they_are(), "a model file takes");
}

TEST(Calibration, BalancedClassesForgetTheirShare) {
  std::vector<LabeledLogit> clips = clips_of(1, 0);
  const Calibration alone = calibrate(clips, CalibrationOptions());
  const std::size_t count = clips.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (clips[i].fake) clips.insert(clips.end(), 9, clips[i]);
  }
  const Calibration many = calibrate(clips, CalibrationOptions());
  EXPECT_NEAR(many.temperature, alone.temperature, 0.01);
  EXPECT_NEAR(many.bias, alone.bias, 0.01);
  EXPECT_DOUBLE_EQ(many.fitted_prevalence, 0.5);
  // As they are, nine more of each fake are ten times the odds.
  EXPECT_NEAR(calibrate(clips, as_they_are()).bias, -std::log(10), 0.05);
}

// From even odds to 1 % is 4.6 off the logit.
TEST(Calibration, PrevalenceMovesTheBias) {
  CalibrationOptions options;
  const Calibration here = calibrate(clips_of(2, 0), options);
  options.deploy_prevalence = 0.01;
  const Calibration there = calibrate(clips_of(2, 0), options);
  EXPECT_NEAR((there.bias - here.bias) / here.temperature, std::log(99), 1e-9);
  EXPECT_DOUBLE_EQ(there.temperature, here.temperature);
  EXPECT_DOUBLE_EQ(there.after.log_loss, here.after.log_loss);
}

TEST(Calibration, ThresholdKeepsToItsTarget) {
  std::vector<LabeledLogit> clips;
  for (int i = 0; i < 200; ++i) clips.push_back({0.01 * i, false});
  for (int i = 0; i < 50; ++i) clips.push_back({1.5 + 0.02 * i, true});
  CalibrationOptions options;
  options.target_fpr = 0.05;
  options.deploy_prevalence = 0.1;
  const Calibration found = calibrate(clips, options);
  const auto flagged = [&](double logit) {
    return sigmoid((logit - found.bias) / found.temperature) >= found.threshold;
  };
  EXPECT_EQ(
      std::count_if(clips.begin(), clips.end(),
                    [&](const LabeledLogit& clip) { return !clip.fake && flagged(clip.logit); }),
      10);
  EXPECT_DOUBLE_EQ(*found.fpr, 0.05);
  EXPECT_LT(*found.fpr_low, 0.05);
  EXPECT_GT(*found.fpr_high, 0.05);
}

TEST(Calibration, EqualRealScoresAreFlaggedTogetherOrNotAtAll) {
  std::vector<LabeledLogit> clips(40, {1.0, false});
  clips.push_back({2.0, true});
  CalibrationOptions options;
  options.target_fpr = 0.1;
  const Calibration found = calibrate(clips, options);
  EXPECT_DOUBLE_EQ(*found.fpr, 0);
  EXPECT_GT(found.threshold, sigmoid((1 - found.bias) / found.temperature));
  EXPECT_LE(found.threshold, sigmoid((2 - found.bias) / found.temperature));
}

TEST(Calibration, MistakesAreNamed) {
  const double infinite = std::numeric_limits<double>::infinity();
  expect_refused({}, {}, "both classes, got 0 real and 0 fake");
  expect_refused({{1, true}}, {}, "both classes, got 0 real and 1 fake");
  expect_refused({{infinite, true}, {0, false}}, {}, "finite");
  expect_refused({{std::nan(""), true}, {0, false}}, {}, "finite");
  CalibrationOptions options;
  options.target_fpr = 0.01;
  expect_refused(std::vector<LabeledLogit>{{1, true}, {0, false}}, options,
                 "at least 100 real clips");
  options.target_fpr = 0;
  expect_refused({{1, true}, {0, false}}, options, "between 0 and 1");
  options = {};
  options.deploy_prevalence = 1;
  expect_refused({{1, true}, {0, false}}, options, "between 0 and 1");
  options = {};
  options.present_temperature = 0;
  expect_refused({{1, true}, {0, false}}, options, "present calibration");
}

TEST(Calibration, AsJsonHasEveryKey) {
  const auto line = to_json(calibrate(clips_of(1, 0), as_they_are()));
  EXPECT_TRUE(line["target_fpr"].is_null());
  EXPECT_EQ(line["clips"], 5200);
  EXPECT_GT(line["after"]["log_loss"], 0);
}

}  // namespace
}  // namespace dfd
