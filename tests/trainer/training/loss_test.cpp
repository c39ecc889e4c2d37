// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/loss.h"

#include <cmath>

#include <gtest/gtest.h>

namespace dfd {
namespace {

double entropy(double logit, double target) {
  const double p = 1 / (1 + std::exp(-logit));
  return -target * std::log(p) - (1 - target) * std::log(1 - p);
}

at::Tensor row(float a, float b) { return at::tensor({a, b}).view({1, 2}); }

double loss_of(const at::Tensor& logits, float label, const at::Tensor& evidence,
               double smoothing = 0) {
  return window_losses(logits, at::tensor({label}), evidence, smoothing).item<double>();
}

TEST(WindowLosses, OneLogitLearnsTheLabel) {
  const at::Tensor logit = at::tensor({0.7F}).view({1, 1});
  EXPECT_NEAR(loss_of(logit, 1, row(-1, -1)), entropy(0.7, 1), 1e-6);
  EXPECT_NEAR(loss_of(logit, 0, row(0, 0)), entropy(0.7, 0), 1e-6);
}

TEST(WindowLosses, ALogitLearnsOnlyWhereItsEvidenceIsKnown) {
  const at::Tensor logits = row(0.7F, 9).set_requires_grad(true);
  const at::Tensor loss = window_losses(logits, at::tensor({1.F}), row(1, -1), 0);
  EXPECT_NEAR(loss.item<double>(), entropy(0.7, 1), 1e-6);
  loss.sum().backward();
  EXPECT_LT(logits.grad()[0][0].item<float>(), 0);
  EXPECT_EQ(logits.grad()[0][1].item<float>(), 0);
}

// So that one that learns more learns no less of the other.
TEST(WindowLosses, EachLogitAddsWhatIsKnownOfIt) {
  EXPECT_NEAR(loss_of(row(0.7F, -2), 1, row(1, 0)), entropy(0.7, 1) + entropy(-2, 0), 1e-6);
}

TEST(WindowLosses, TheLargerLearnsTheLabelWhereNoneIsKnown) {
  const at::Tensor logits = row(-1, 0.5F).set_requires_grad(true);
  const at::Tensor loss = window_losses(logits, at::tensor({1.F}), row(-1, -1), 0);
  EXPECT_NEAR(loss.item<double>(), entropy(0.5, 1), 1e-6);
  loss.sum().backward();
  EXPECT_EQ(logits.grad()[0][0].item<float>(), 0);
  EXPECT_LT(logits.grad()[0][1].item<float>(), 0);
}

TEST(WindowLosses, SmoothingPullsBothLabelsTogether) {
  EXPECT_NEAR(loss_of(row(3, 0), 1, row(1, -1), 0.2), entropy(3, 0.9), 1e-6);
  EXPECT_NEAR(loss_of(row(3, 0), 0, row(0, -1), 0.2), entropy(3, 0.1), 1e-6);
}

}  // namespace
}  // namespace dfd
