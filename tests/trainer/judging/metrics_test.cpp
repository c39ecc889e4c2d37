// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/metrics.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

// Ranks from the highest: fake, real, fake, real, real.
const std::vector<Ranked> kFive{{0.9, true}, {0.8, false}, {0.7, true}, {0.2, false}, {0.1, false}};

// Few different scores, so that many are equal.
std::vector<Ranked> random_ranks(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  std::vector<Ranked> clips;
  for (std::size_t i = 0; i < count; ++i) {
    const bool fake = random() % 3 == 0;
    clips.push_back({static_cast<double>(random() % 9 + (fake ? 2 : 0)), fake});
  }
  return clips;
}

// Counts pairs, as the figure is defined.
double area_by_pairs(const std::vector<Ranked>& clips) {
  double right = 0;
  double pairs = 0;
  for (const Ranked& fake : clips) {
    for (const Ranked& real : clips) {
      if (!fake.fake || real.fake) continue;
      right += fake.score > real.score ? 1 : fake.score == real.score ? 0.5 : 0;
      pairs += 1;
    }
  }
  return right / pairs;
}

// Tries every threshold.
double rate_by_thresholds(const std::vector<Ranked>& clips, double allowed) {
  double best = 0;
  for (const Ranked& at : clips) {
    double hits = 0, fakes = 0, alarms = 0, reals = 0;
    for (const Ranked& clip : clips) {
      (clip.fake ? fakes : reals) += 1;
      if (clip.score >= at.score) (clip.fake ? hits : alarms) += 1;
    }
    if (alarms / reals <= allowed) best = std::max(best, hits / fakes);
  }
  return best;
}

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

TEST(Ranks, OfFiveClipsByHand) {
  const Roc roc = Ranking(kFive).roc();
  EXPECT_DOUBLE_EQ(*area_under(roc), 5.0 / 6);
  EXPECT_DOUBLE_EQ(*average_precision(roc), (1 + 2.0 / 3) / 2);
  // After the second fake a third of the real clips is flagged and none of the fakes missed, after
  // the first real one a third and a half: nearer.
  EXPECT_DOUBLE_EQ(*equal_error_rate(roc), (1.0 / 3 + 0.5) / 2);
  ASSERT_EQ(roc.points.size(), 5U);
  EXPECT_DOUBLE_EQ(roc.points[2].fakes, 2);
  EXPECT_DOUBLE_EQ(roc.points[2].reals, 1);
}

TEST(Ranks, AreaIsTheShareOfPairs) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<Ranked> clips = random_ranks(seed, 40);
    EXPECT_NEAR(*area_under(Ranking(clips).roc()), area_by_pairs(clips), 1e-12) << seed;
  }
}

TEST(Ranks, CountsAreTheSameAsCopies) {
  const std::vector<Ranked> clips = random_ranks(1, 30);
  std::vector<int> counts;
  std::vector<Ranked> copies;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    counts.push_back(static_cast<int>(i % 4));
    copies.insert(copies.end(), i % 4, clips[i]);
  }
  const Roc counted = Ranking(clips).roc(counts);
  const Roc copied = Ranking(copies).roc();
  EXPECT_NEAR(*area_under(counted), *area_under(copied), 1e-12);
  EXPECT_NEAR(*average_precision(counted), *average_precision(copied), 1e-12);
  EXPECT_NEAR(*equal_error_rate(counted), *equal_error_rate(copied), 1e-12);
}

TEST(Ranks, EqualScoresTellNothing) {
  const Roc roc = Ranking({{1, true}, {1, false}, {1, true}}).roc();
  EXPECT_DOUBLE_EQ(*area_under(roc), 0.5);
  EXPECT_DOUBLE_EQ(*equal_error_rate(roc), 0.5);
  EXPECT_DOUBLE_EQ(*average_precision(roc), 2.0 / 3);
  EXPECT_DOUBLE_EQ(true_positives_at(roc, 0.05)->rate, 0);
}

TEST(Ranks, OneClassOrNoneHasNoFigures) {
  for (const std::vector<Ranked>& clips :
       {std::vector<Ranked>{}, {{1, true}, {2, true}}, {{1, false}}}) {
    const Roc roc = Ranking(clips).roc();
    EXPECT_FALSE(area_under(roc));
    EXPECT_FALSE(equal_error_rate(roc));
    EXPECT_FALSE(average_precision(roc));
    EXPECT_FALSE(true_positives_at(roc, 0.01));
    EXPECT_TRUE(det_points(roc).empty());
  }
}

TEST(Ranks, UnscoredStandBelowEveryScore) {
  const Roc roc = Ranking({{kUnscored, true}, {-1e300, false}, {kUnscored, false}}).roc();
  EXPECT_DOUBLE_EQ(*area_under(roc), 0.25);
  // To flag what has no score is not on offer, not even where all alarms are allowed.
  EXPECT_DOUBLE_EQ(true_positives_at(roc, 1)->rate, 0);
}

TEST(Ranks, RefuseWhatIsNoNumber) { EXPECT_THROW(Ranking({{std::nan(""), true}}), Error); }

TEST(TruePositives, NeverExceedTheAllowedAlarms) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<Ranked> clips = random_ranks(seed, 60);
    for (const double allowed : {0.01, 0.05, 0.3, 1.0}) {
      const auto found = true_positives_at(Ranking(clips).roc(), allowed);
      EXPECT_NEAR(found->rate, rate_by_thresholds(clips, allowed), 1e-12) << seed << ' ' << allowed;
      EXPECT_LE(found->false_positive, allowed + 1e-12);
    }
  }
}

TEST(TruePositives, SayHowManyRealClipsTheyNeed) {
  const auto few = true_positives_at(Ranking(kFive).roc(), 0.05);
  EXPECT_EQ(few->reals_needed, 20U);
  EXPECT_FALSE(few->enough);
  EXPECT_DOUBLE_EQ(few->rate, 0.5);
  std::vector<Ranked> clips{{5, true}, {7, false}};
  for (int i = 0; i < 99; ++i) clips.push_back({1, false});
  const auto enough = true_positives_at(Ranking(clips).roc(), 0.01);
  EXPECT_EQ(enough->reals_needed, 100U);
  EXPECT_TRUE(enough->enough);
  EXPECT_DOUBLE_EQ(enough->rate, 1);
  EXPECT_DOUBLE_EQ(enough->false_positive, 0.01);
  EXPECT_THROW(true_positives_at(Ranking(clips).roc(), 0), Error);
  EXPECT_THROW(true_positives_at(Ranking(clips).roc(), std::nan("")), Error);
}

TEST(Det, DeviatesAreTheNormalOnes) {
  EXPECT_NEAR(normal_deviate(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_deviate(0.975), 1.959963985, 1e-8);
  EXPECT_NEAR(normal_deviate(0.001), -3.090232306, 1e-8);
  for (const DetPoint& point : det_points(Ranking(kFive).roc())) {
    EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y));
  }
  EXPECT_DOUBLE_EQ(det_points(Ranking(kFive).roc())[1].miss, 0.5);
}

TEST(Confusions, CountByClass) {
  Confusion confusion;
  EXPECT_FALSE(confusion.accuracy());
  confusion.add(true, true, 3);
  confusion.add(false, true);
  EXPECT_DOUBLE_EQ(*confusion.accuracy(), 0.75);
  EXPECT_FALSE(confusion.balanced_accuracy());
  confusion.add(true, false);
  confusion.add(false, false);
  EXPECT_DOUBLE_EQ(*confusion.accuracy(), 4.0 / 6);
  EXPECT_DOUBLE_EQ(*confusion.balanced_accuracy(), 0.625);
}

TEST(Probabilities, ByHand) {
  const std::vector<Scored> scores{{0.75, true}, {0.5, false}};
  EXPECT_DOUBLE_EQ(*brier_score(scores), (0.0625 + 0.25) / 2);
  EXPECT_NEAR(*log_loss(scores), (std::log(4.0 / 3) + std::log(2)) / 2, 1e-12);
  EXPECT_FALSE(brier_score({}));
  EXPECT_FALSE(log_loss({{0.5, true, 0}}));
  // Wrong and certain: clipped, not infinite.
  EXPECT_NEAR(*log_loss({{0, true}}), -std::log(1e-7), 1e-9);
}

TEST(Reliability, BinsHoldTheirEdges) {
  const auto bins = reliability({{0, false}, {0.2, true}, {1, true}, {1, false, 3}});
  ASSERT_EQ(bins.size(), 15U);
  EXPECT_DOUBLE_EQ(bins[0].weight, 1);
  EXPECT_DOUBLE_EQ(bins[3].weight, 1);  // [0.2, 0.267)
  EXPECT_DOUBLE_EQ(bins[14].weight, 4);
  EXPECT_DOUBLE_EQ(bins[14].share_of_fakes, 0.25);
  EXPECT_DOUBLE_EQ(bins[14].high, 1);
  EXPECT_NEAR(*expected_calibration_error(bins), (0 + 0.8 + 4 * 0.75) / 6, 1e-12);
  EXPECT_FALSE(expected_calibration_error(reliability({})));
  EXPECT_THROW(reliability({{1.01, true}}), Error);
  EXPECT_THROW(reliability({{std::nan(""), true}}), Error);
}

}  // namespace
}  // namespace dfd
