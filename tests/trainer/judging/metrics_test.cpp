// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/metrics.h"

#include <cmath>

#include <gtest/gtest.h>

namespace dfd {
namespace {

TEST(Metrics, PerfectScores) {
  const Metrics metrics = measure({{0.9, true}, {0.8, true}, {0.2, false}, {0.1, false}}, 0.5);
  EXPECT_DOUBLE_EQ(metrics.auc, 1);
  EXPECT_DOUBLE_EQ(metrics.eer, 0);
  EXPECT_DOUBLE_EQ(metrics.average_precision, 1);
  EXPECT_DOUBLE_EQ(metrics.accuracy, 1);
}

TEST(Metrics, EqualScoresCountHalf) {
  const Metrics metrics = measure({{0.5, true}, {0.5, false}, {0.5, false}}, 0.6);
  EXPECT_DOUBLE_EQ(metrics.auc, 0.5);
  EXPECT_NEAR(metrics.average_precision, 1.0 / 3, 1e-12);
  EXPECT_NEAR(metrics.log_loss, std::log(2), 1e-12);
}

// Numbers checked by hand: ranks fake, real, fake, real.
TEST(Metrics, MixedScores) {
  const Metrics metrics = measure({{0.9, true}, {0.7, false}, {0.6, true}, {0.1, false}}, 0.65);
  EXPECT_DOUBLE_EQ(metrics.auc, 0.75);
  EXPECT_NEAR(metrics.average_precision, (1 + 2.0 / 3) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(metrics.eer, 0.5);
  EXPECT_DOUBLE_EQ(metrics.accuracy, 0.5);
}

TEST(Metrics, OneClassAloneIsNoEvidence) {
  EXPECT_DOUBLE_EQ(measure({{0.9, true}}, 0.5).auc, 0.5);
  EXPECT_DOUBLE_EQ(measure({}, 0.5).accuracy, 0);
}

}  // namespace
}  // namespace dfd
