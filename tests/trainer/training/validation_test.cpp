// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/validation.h"

#include <cmath>

#include <gtest/gtest.h>

namespace dfd {
namespace {

double probability(double logit) { return 1 / (1 + std::exp(-logit)); }

// Real and fake in turn. Every other pair shows a seam, the others a generator's traces; the logit
// of what is shown is spread around its mean, the other's is far below.
ValidatedWindows two_kinds(double seam_scale, double generated_scale) {
  constexpr std::int64_t kWindows = 400;
  ValidatedWindows windows;
  at::Generator generator = at::detail::createCPUGenerator(1);
  windows.traces = {Trace::kSeam, Trace::kReconstructed};
  windows.labels = at::arange(kWindows, at::kFloat).remainder(2);
  windows.evidence = at::full({kWindows, 2}, -1.F);
  windows.logits = at::empty({kWindows, 2});
  windows.fakes = at::zeros({kWindows});
  const at::Tensor noise = at::empty({kWindows}).normal_(0, 1, generator);
  for (std::int64_t i = 0; i < kWindows; ++i) {
    const std::int64_t kind = i / 2 % 2;
    const double scale = kind == 0 ? seam_scale : generated_scale;
    windows.evidence[i][kind] = windows.labels[i];
    windows.logits[i][kind] = scale * (2 * windows.labels[i] - 1 + noise[i]);
    windows.logits[i][1 - kind] = -100;
  }
  return windows;
}

TEST(Validation, ALogitIsJudgedWhereItsEvidenceIsKnown) {
  ValidatedWindows windows = two_kinds(1, 1);
  // As good as chance, but for pairs that say nothing of it.
  windows.logits.select(1, 1).zero_();
  const ValidationFigures figures = measure(windows);
  EXPECT_GT(figures.traces_auc[0].value(), 0.85);
  EXPECT_DOUBLE_EQ(figures.traces_auc[1].value(), 0.5);
}

TEST(Validation, EachKindOfFakesIsJudgedApart) {
  ValidatedWindows windows = two_kinds(1, 1);
  const std::int64_t half = windows.labels.size(0) / 2;
  windows.fakes.narrow(0, half, half).fill_(2);
  windows.logits.narrow(0, half, half).zero_();
  const ValidationFigures figures = measure(windows);
  EXPECT_GT(figures.fakes_auc[0].value(), 0.85);
  EXPECT_FALSE(figures.fakes_auc[1]);
  EXPECT_DOUBLE_EQ(figures.fakes_auc[2].value(), 0.5);
}

TEST(Validation, KindsThatNobodyKnowsHaveNoFigure) {
  ValidatedWindows windows = two_kinds(1, 1);
  windows.evidence.select(1, 1).fill_(-1);
  const ValidationFigures figures = measure(windows);
  EXPECT_TRUE(figures.traces_auc[0]);
  EXPECT_FALSE(figures.traces_auc[1]);
}

TEST(Validation, AHeadWithoutKindsHasOnlyItsScores) {
  ValidatedWindows windows = two_kinds(1, 1);
  windows.traces.clear();
  windows.logits = windows.logits.amax(1, /*keepdim=*/true);
  const ValidationFigures figures = measure(windows);
  EXPECT_GT(figures.auc, 0.85);
  EXPECT_FALSE(figures.traces_auc[0]);
}

// The same evidence on scales of its own: afterwards both mean the same.
TEST(Validation, CalibrationMakesKindsComparable) {
  TensorMap tensors{{"classifier.weight", at::ones({2, 3})}, {"classifier.bias", at::zeros({2})}};
  const TensorMap before = tensors;
  const Calibration calibration = calibrate(tensors, two_kinds(1, 10), {});
  const at::Tensor& weight = tensors.at("classifier.weight");
  EXPECT_NEAR(weight[0][0].item<double>() / weight[1][0].item<double>(), 10, 3);
  EXPECT_TRUE(before.at("classifier.weight").equal(at::ones({2, 3})));  // Not the caller's.
  // What both rows give already is nearly a probability.
  EXPECT_NEAR(calibration.temperature, 1, 0.2);
  EXPECT_LT(calibration.after.ece, 0.1);
}

TEST(Validation, AFoldedRowGivesTheCalibratedLogit) {
  TensorMap tensors{{"classifier.weight", at::ones({2, 1})}, {"classifier.bias", at::ones({2})}};
  calibrate(tensors, two_kinds(4, 4), {});
  // A seam's logit of 4 is 3 plus the bias of 1; the truth is that 4 / scale has log odds of 2.
  const double logit = tensors.at("classifier.weight")[0][0].item<double>() * 3 +
                       tensors.at("classifier.bias")[0].item<double>();
  EXPECT_NEAR(probability(logit), probability(2), 0.08);
}

// Real windows' scores follow the first quality; where the third is low, nothing is told.
TEST(Validation, ScoresAreJudgedByThePicturesQuality) {
  ValidatedWindows windows = two_kinds(1, 1);
  const std::int64_t count = windows.labels.size(0);
  at::Generator generator = at::detail::createCPUGenerator(2);
  windows.quality = at::empty({count, 4}).normal_(0, 1, generator);
  windows.quality.select(1, 1).fill_(0.5);
  const at::Tensor told = (windows.quality.select(1, 2) > 0).to(at::kFloat);
  const at::Tensor score = windows.labels * told * 9 + windows.quality.select(1, 0);
  windows.logits = at::stack({score, score}, 1);
  const auto figures = by_quality(windows);
  EXPECT_NEAR(figures[0].correlation, 1, 1e-6);
  EXPECT_EQ(figures[1].correlation, 0);
  EXPECT_NEAR(figures[2].correlation, 0, 0.2);
  EXPECT_NEAR(figures[2].auc_low.value(), 0.5, 0.15);
  EXPECT_GT(figures[2].auc_high.value(), 0.95);
  windows.labels.zero_();
  EXPECT_FALSE(by_quality(windows)[0].auc_low);
}

TEST(Validation, ARowThatNothingIsKnownOfStaysAsItIs) {
  TensorMap tensors{{"classifier.weight", at::ones({2, 3})}, {"classifier.bias", at::zeros({2})}};
  ValidatedWindows windows = two_kinds(3, 1);
  windows.evidence.select(1, 1).fill_(-1);
  calibrate(tensors, windows, {});
  EXPECT_EQ(tensors.at("classifier.weight")[1][0].item<float>(), 1);
  EXPECT_NE(tensors.at("classifier.weight")[0][0].item<float>(), 1);
}

}  // namespace
}  // namespace dfd
