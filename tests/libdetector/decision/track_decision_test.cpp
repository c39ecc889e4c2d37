// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/track_decision.h"

#include <chrono>
#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;

DecisionConfig config(int half_life_ms = 0, int min_duration_ms = 1000) {
  DecisionConfig made;
  made.threshold = 0.5;
  made.hysteresis = 0.1;
  made.half_life = std::chrono::milliseconds(half_life_ms);
  made.min_duration = std::chrono::milliseconds(min_duration_ms);
  return made;
}

TEST(TrackDecision, SaysNothingBeforeAScore) {
  const TrackDecision decision(config());
  EXPECT_EQ(decision.verdict(), Verdict::kUndecided);
  EXPECT_FALSE(decision.probability());
}

TEST(TrackDecision, ManipulatedNeedsItsDuration) {
  TrackDecision decision(config());
  decision.update(0.9, 0ms);
  EXPECT_EQ(decision.verdict(), Verdict::kSuspicious);
  decision.update(0.9, 999ms);
  EXPECT_EQ(decision.verdict(), Verdict::kSuspicious);
  decision.update(0.9, 1000ms);
  EXPECT_EQ(decision.verdict(), Verdict::kManipulated);
}

TEST(TrackDecision, ADipRestartsTheDuration) {
  TrackDecision decision(config());
  decision.update(0.9, 0ms);
  decision.update(0.45, 500ms);
  decision.update(0.9, 600ms);
  decision.update(0.9, 1500ms);
  EXPECT_EQ(decision.verdict(), Verdict::kSuspicious);
  decision.update(0.9, 1600ms);
  EXPECT_EQ(decision.verdict(), Verdict::kManipulated);
}

TEST(TrackDecision, ManipulatedHoldsBetweenTheThresholds) {
  TrackDecision decision(config());
  decision.update(0.9, 0ms);
  decision.update(0.9, 1000ms);
  decision.update(0.41, 2000ms);
  EXPECT_EQ(decision.verdict(), Verdict::kManipulated);
  decision.update(0.39, 3000ms);
  EXPECT_EQ(decision.verdict(), Verdict::kUndecided);
}

TEST(TrackDecision, AuthenticNeedsItsDurationToo) {
  TrackDecision decision(config());
  decision.update(0.1, 0ms);
  EXPECT_EQ(decision.verdict(), Verdict::kUndecided);
  decision.update(0.1, 1000ms);
  EXPECT_EQ(decision.verdict(), Verdict::kAuthentic);
}

TEST(TrackDecision, SmoothingHalvesTheOldValueInAHalfLife) {
  TrackDecision decision(config(2000));
  decision.update(0.0, 0ms);
  decision.update(1.0, 2000ms);
  EXPECT_NEAR(*decision.probability(), 0.5, 1e-12);
  decision.update(1.0, 4000ms);
  EXPECT_NEAR(*decision.probability(), 0.75, 1e-12);
}

TEST(TrackDecision, SmoothingDoesNotDependOnTheRate) {
  TrackDecision slow(config(2000));
  TrackDecision fast(config(2000));
  slow.update(0, 0ms);
  fast.update(0, 0ms);
  for (int i = 1; i <= 4; ++i) slow.update(1, i * 1000ms);
  for (int i = 1; i <= 40; ++i) fast.update(1, i * 100ms);
  EXPECT_NEAR(*slow.probability(), *fast.probability(), 1e-9);
}

TEST(TrackDecision, IndicatorsAreSmoothedAsTheProbabilityIs) {
  TrackDecision decision(config(2000));
  EXPECT_FALSE(decision.indicators()[0] || decision.indicators()[1]);
  decision.update(0.5, 0ms, {0.5, 0.25});
  EXPECT_EQ(decision.indicators(), (EvidenceProbabilities{0.5, 0.25}));
  decision.update(0.75, 2000ms, {0.0, 0.75});
  EXPECT_NEAR(*decision.probability(), 0.625, 1e-12);
  EXPECT_NEAR(*decision.indicators()[0], 0.25, 1e-12);
  EXPECT_NEAR(*decision.indicators()[1], 0.5, 1e-12);
}

TEST(TrackDecision, IndicatorsDecideNothing) {
  TrackDecision plain(config());
  TrackDecision beside(config());
  for (const auto time : {0ms, 1000ms}) {
    plain.update(0.3, time);
    beside.update(0.3, time, {0.9, 0.9});
  }
  EXPECT_EQ(beside.verdict(), Verdict::kAuthentic);
  EXPECT_EQ(beside.probability(), plain.probability());
}

TEST(TrackDecision, AnotherModelsScoresLeaveNoIndicators) {
  TrackDecision decision(config(2000));
  decision.update(0.5, 0ms, {0.5, 0.25});
  decision.begin_anew(config(2000));
  EXPECT_EQ(decision.indicators(), EvidenceProbabilities());
  decision.update(0.75, 100ms, {0.75, 0.125});
  EXPECT_EQ(decision.indicators(), (EvidenceProbabilities{0.75, 0.125}));
  decision.update(0.75, 200ms);
  EXPECT_EQ(decision.indicators(), EvidenceProbabilities());
}

// Whatever the input, with thresholds 0.4 and 0.5.
TEST(TrackDecision, NeverChangesItsMindBetweenTheThresholds) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> anything(0, 1), between(0.4, 0.4999);
  for (int round = 0; round < 200; ++round) {
    TrackDecision decision(config());
    auto time = 0ms;
    for (int i = 0; i < 30; ++i) decision.update(anything(random), time += 300ms);
    decision.update(between(random), time += 300ms);
    const Verdict settled = decision.verdict();
    for (int i = 0; i < 30; ++i) {
      decision.update(between(random), time += 300ms);
      ASSERT_EQ(decision.verdict(), settled);
    }
  }
}

TEST(TrackDecision, VerdictsRestOnTheirDurationWhateverTheInput) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> anything(0.2, 0.7);
  std::uniform_int_distribution<int> step(0, 500);
  const auto note = [](std::optional<Timestamp>& since, bool holds, Timestamp time) {
    if (!holds) {
      since.reset();
    } else if (!since) {
      since = time;
    }
  };
  int verdicts = 0;
  for (int round = 0; round < 200; ++round) {
    TrackDecision decision(config());
    Timestamp time{0};
    std::optional<Timestamp> above, below;
    for (int i = 0; i < 200; ++i) {
      // Now and then long enough on one side.
      const double score = i % 20 < 8 ? anything(random) : (round % 2 == 0 ? 0.6 : 0.3);
      time += std::chrono::milliseconds(step(random));
      const Verdict before = decision.verdict();
      decision.update(score, time);
      note(above, score >= 0.5, time);
      note(below, score < 0.4, time);
      const Verdict now = decision.verdict();
      if (now == Verdict::kManipulated && before != now) {
        ASSERT_TRUE(above && time - *above >= 1000ms);
        ++verdicts;
      }
      if (before == Verdict::kManipulated && before != now) {
        ASSERT_LT(score, 0.4);
      }
      if (now == Verdict::kAuthentic) {
        ASSERT_TRUE(below && time - *below >= 1000ms);
        ++verdicts;
      }
    }
  }
  EXPECT_GT(verdicts, 1000);
}

}  // namespace
}  // namespace dfd
