// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When alarms begin, fire and end, on a clock that the test sets.

#include "alarms/alarm.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alarms/rules.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::Alarm;
using dfd::monitor::AlarmConfig;
using dfd::monitor::AlarmInput;
using dfd::monitor::AlarmRecord;
using dfd::monitor::AlarmState;
using dfd::monitor::AlarmTransition;
using dfd::monitor::Coverage;
using dfd::monitor::down_input;
using dfd::monitor::Duration;
using dfd::monitor::face_input;
using dfd::monitor::Finding;
using dfd::monitor::Moment;
using dfd::monitor::picture_input;
using dfd::monitor::Signal;
using dfd::monitor::Time;
using dfd::monitor::Verdict;
using dfd::monitor::WallTime;

// Fires after 2 s of 4, ends after 5 s, rests for 10 s.
AlarmConfig quick() {
  AlarmConfig config;
  config.window_s = 4;
  config.min_over_ratio = 0.5;
  config.hold_s = 5;
  config.cooldown_s = 10;
  return config;
}

class AlarmTest : public testing::Test {
 protected:
  explicit AlarmTest(const AlarmConfig& config = quick()) : alarm_(config) {}

  // Tells it now, and lets time go by in tenths of a second.
  void tell(Signal signal, Duration duration, double probability = 0.9) {
    input_.signal = signal;
    input_.probability = probability;
    for (Duration gone{}; gone <= duration; gone += 100ms) {
      for (AlarmTransition& transition : alarm_.update(now_, input_)) {
        told_ += std::string(told_.empty() ? "" : " ") + name_of(transition.state);
        transitions_.push_back(std::move(transition));
      }
      if (gone < duration) pass(100ms);
    }
  }
  void pass(Duration duration) {
    now_.steady += duration;
    now_.wall += std::chrono::duration_cast<WallTime::duration>(duration);
  }

  Alarm alarm_;
  AlarmInput input_;
  Moment now_{Time(500s), WallTime(1000s)};
  std::string told_;
  std::vector<AlarmTransition> transitions_;
};

TEST_F(AlarmTest, GoesItsWholeWay) {
  tell(Signal::kBelow, 10s, 0.1);
  EXPECT_EQ(told_, "");
  tell(Signal::kOver, 1900ms);
  EXPECT_EQ(told_, "pending");
  tell(Signal::kOver, 100ms);
  EXPECT_EQ(told_, "pending firing");
  tell(Signal::kBelow, 4900ms, 0.1);
  EXPECT_EQ(told_, "pending firing");
  tell(Signal::kBelow, 100ms, 0.1);
  EXPECT_EQ(told_, "pending firing resolved");
  EXPECT_EQ(alarm_.fired(), 1U);
}

TEST_F(AlarmTest, AllOfOneIncidentHasOneId) {
  tell(Signal::kOver, 3s);
  tell(Signal::kBelow, 20s);
  ASSERT_EQ(transitions_.size(), 3U);
  EXPECT_EQ(transitions_[0].record.id, transitions_[2].record.id);
  tell(Signal::kOver, 3s);
  ASSERT_EQ(transitions_.size(), 5U);
  EXPECT_NE(transitions_[3].record.id, transitions_[2].record.id);
}

TEST_F(AlarmTest, StartsWhereItWasFirstOver) {
  tell(Signal::kBelow, 1s, 0.1);
  const WallTime first = now_.wall;
  tell(Signal::kOver, 5s);
  EXPECT_EQ(transitions_.at(1).record.started_at, first);
  EXPECT_EQ(transitions_.at(1).record.fired_at, first + 2s);
}

TEST_F(AlarmTest, BeginsWithTheWindowThatWasOverAndNotWithinTheLastOne) {
  input_.lasted = 2s;
  tell(Signal::kBelow, 1s);
  tell(Signal::kOver, 3s);
  EXPECT_EQ(alarm_.record().started_at, WallTime(999s));
  tell(Signal::kBelow, 5s);
  const WallTime end = alarm_.record().ended_at.value();
  tell(Signal::kBelow, 10s);
  input_.lasted = 20s;
  tell(Signal::kOver, 1s);
  ASSERT_EQ(alarm_.state(), AlarmState::kPending);
  EXPECT_EQ(alarm_.record().started_at, end);
}

TEST_F(AlarmTest, OneBadSecondIsNone) {
  tell(Signal::kOver, 1s);
  tell(Signal::kBelow, 3900ms, 0.1);
  EXPECT_EQ(told_, "pending");
  tell(Signal::kBelow, 200ms, 0.1);
  EXPECT_EQ(told_, "pending idle");
  EXPECT_EQ(alarm_.fired(), 0U);
}

TEST_F(AlarmTest, FiresWhenHalfOfTheWindowWasOver) {
  for (int i = 0; i < 4; ++i) {
    tell(Signal::kOver, 600ms);
    tell(Signal::kBetween, 400ms);
  }
  EXPECT_EQ(told_, "pending firing");
}

TEST_F(AlarmTest, BetweenOnAndOffNothingChanges) {
  tell(Signal::kBetween, 60s);
  EXPECT_EQ(told_, "");
  tell(Signal::kOver, 3s);
  tell(Signal::kBetween, 60s);
  EXPECT_EQ(told_, "pending firing");
  tell(Signal::kBelow, 4s);
  tell(Signal::kBetween, 1s);
  tell(Signal::kBelow, 4s);
  EXPECT_EQ(told_, "pending firing");
}

TEST_F(AlarmTest, WhatNobodyKnowsNeverEndsAnAlarm) {
  tell(Signal::kOver, 3s);
  EXPECT_FALSE(alarm_.record().data_lost);
  tell(Signal::kUnknown, 1h);
  EXPECT_EQ(told_, "pending firing");
  EXPECT_TRUE(alarm_.record().data_lost);
  tell(Signal::kBelow, 4900ms, 0.1);
  EXPECT_EQ(alarm_.state(), AlarmState::kFiring);
  tell(Signal::kBelow, 200ms, 0.1);
  EXPECT_EQ(told_, "pending firing resolved");
  EXPECT_TRUE(transitions_.back().record.data_lost);
}

TEST_F(AlarmTest, WhatNobodyKnowsFiresNone) {
  tell(Signal::kUnknown, 1h);
  EXPECT_EQ(told_, "");
  tell(Signal::kOver, 1900ms);
  tell(Signal::kUnknown, 1h);
  EXPECT_EQ(told_, "pending");
}

TEST_F(AlarmTest, WhatNobodyKnowsEndsNoneThatIsPending) {
  tell(Signal::kOver, 1900ms);
  tell(Signal::kUnknown, 1h);
  // It goes on where it was.
  tell(Signal::kOver, 100ms);
  EXPECT_EQ(told_, "pending firing");
}

TEST_F(AlarmTest, APendingOneComesToNothingByWhatIsSeen) {
  tell(Signal::kOver, 1s);
  for (int i = 0; i < 3; ++i) {
    tell(Signal::kUnknown, 1h);
    tell(Signal::kBelow, 1s, 0.1);
  }
  EXPECT_EQ(told_, "pending");
  tell(Signal::kUnknown, 1h);
  tell(Signal::kBelow, 1100ms, 0.1);
  EXPECT_EQ(told_, "pending idle");
}

TEST_F(AlarmTest, RestsAfterItsEnd) {
  tell(Signal::kOver, 3s);
  tell(Signal::kBelow, 5s, 0.1);
  told_.clear();
  tell(Signal::kOver, 9900ms);
  EXPECT_EQ(told_, "");
  tell(Signal::kOver, 2200ms);
  EXPECT_EQ(told_, "pending firing");
}

TEST_F(AlarmTest, RecordsPeakMeanAndTime) {
  tell(Signal::kOver, 3s, 0.8);
  tell(Signal::kOver, 1s, 1.0);
  tell(Signal::kUnknown, 10s, 0.0);
  const auto& record = alarm_.record();
  EXPECT_DOUBLE_EQ(record.peak_probability.value(), 1.0);
  EXPECT_NEAR(record.mean_probability.value(), 0.85, 1e-6);
  EXPECT_NEAR(record.seconds_over, 4, 1e-6);
}

TEST_F(AlarmTest, OfAnEarlierRunFiresOnAndEndsByWhatIsSeen) {
  AlarmRecord record;
  record.id = "a";
  record.mean_probability = 0.8;
  record.seconds_with_probability = 10;
  alarm_.restore(AlarmState::kFiring, record);
  EXPECT_TRUE(alarm_.record().data_lost);
  tell(Signal::kUnknown, 1h);
  EXPECT_EQ(told_, "");
  tell(Signal::kOver, 10s, 1.0);
  EXPECT_NEAR(alarm_.record().mean_probability.value(), 0.9, 1e-6);
  EXPECT_EQ(told_, "");
  tell(Signal::kBelow, 5100ms, 0.1);
  EXPECT_EQ(told_, "resolved");
  EXPECT_EQ(transitions_.back().record.id, "a");
  EXPECT_EQ(alarm_.fired(), 0U);
}

TEST_F(AlarmTest, OfAnEarlierRunThatWasPendingFiresUnderItsName) {
  AlarmRecord record;
  record.id = "a";
  alarm_.restore(AlarmState::kPending, record);
  // Nobody can say before the source is open again.
  tell(Signal::kUnknown, 1s);
  tell(Signal::kOver, 3s);
  EXPECT_EQ(told_, "firing");
  EXPECT_EQ(transitions_.back().record.id, "a");
}

TEST_F(AlarmTest, OfAnEarlierRunThatWasPendingComesToNothingAfterAWindow) {
  alarm_.restore(AlarmState::kPending, {});
  tell(Signal::kUnknown, 1h);
  tell(Signal::kBelow, 3900ms, 0.1);
  EXPECT_EQ(told_, "");
  tell(Signal::kBelow, 200ms, 0.1);
  EXPECT_EQ(told_, "idle");
}

class AlarmWithoutWindow : public AlarmTest {
 protected:
  AlarmWithoutWindow()
      : AlarmTest([] {
          AlarmConfig config;
          config.window_s = config.hold_s = config.cooldown_s = 0;
          return config;
        }()) {}
};

TEST_F(AlarmWithoutWindow, FiresAndEndsAtOnce) {
  tell(Signal::kOver, 0s);
  EXPECT_EQ(told_, "pending firing");
  tell(Signal::kBelow, 0s);
  tell(Signal::kOver, 0s);
  EXPECT_EQ(told_, "pending firing resolved pending firing");
}

// Whatever is told and however time goes by.
TEST(AlarmProperties, HoldForAnyCourse) {
  std::mt19937 chance(7);
  const auto draw = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(chance); };
  for (int course = 0; course < 300; ++course) {
    const AlarmConfig config = quick();
    Alarm alarm(config);
    Moment now{Time(1s), WallTime(1s)};
    AlarmState state = AlarmState::kIdle;
    double over_s = 0;
    double below_s = 0;
    AlarmInput input;
    for (int step = 0; step < 200; ++step) {
      const Duration length = std::chrono::milliseconds(draw(1500));
      if (input.signal == Signal::kOver) over_s += dfd::monitor::to_seconds(length);
      if (input.signal == Signal::kBelow) below_s += dfd::monitor::to_seconds(length);
      now.steady += length;
      now.wall += std::chrono::duration_cast<WallTime::duration>(length);
      input.signal = static_cast<Signal>(draw(4));
      for (const AlarmTransition& transition : alarm.update(now, input)) {
        // Resolved ends quietly.
        if (state == AlarmState::kResolved) state = AlarmState::kIdle;
        ASSERT_EQ(transition.previous, state);
        const auto& record = transition.record;
        if (transition.state == AlarmState::kPending) over_s = 0;
        if (transition.state == AlarmState::kFiring) {
          ASSERT_GE(over_s + 1e-6, config.window_s * config.min_over_ratio);
          ASSERT_GE(*record.fired_at, record.started_at);
          below_s = 0;
        }
        if (transition.state == AlarmState::kResolved) {
          ASSERT_GE(below_s + 1e-6, config.hold_s);
          ASSERT_GE(*record.ended_at, *record.fired_at);
          ASSERT_EQ(input.signal, Signal::kBelow);
        }
        state = transition.state;
      }
    }
  }
}

// The rules.

Coverage live() { return {true, false, ""}; }

Finding found(Verdict verdict, double probability, const std::string& reason = "none") {
  Finding finding;
  finding.verdict = verdict;
  finding.reason = reason;
  finding.probability = probability;
  finding.threshold = 0.7;
  return finding;
}

Signal face(const AlarmConfig& config, const Finding& finding, const Coverage& coverage = live()) {
  return face_input(config, 0.1, coverage, finding).signal;
}

TEST(FaceRule, TakesTheElementsThresholds) {
  const AlarmInput input = face_input({}, 0.1, live(), found(Verdict::kSuspicious, 0.65));
  EXPECT_DOUBLE_EQ(input.on.value(), 0.7);
  EXPECT_DOUBLE_EQ(input.off.value(), 0.6);
  EXPECT_EQ(input.signal, Signal::kBetween);
  EXPECT_EQ(face({}, found(Verdict::kManipulated, 0.7)), Signal::kOver);
  EXPECT_EQ(face({}, found(Verdict::kManipulated, 0.69)), Signal::kBetween);
  EXPECT_EQ(face({}, found(Verdict::kAuthentic, 0.59)), Signal::kBelow);
}

TEST(FaceRule, TakesItsOwnWhereTheyAreSet) {
  AlarmConfig config;
  config.on = 0.4;
  EXPECT_EQ(face(config, found(Verdict::kAuthentic, 0.45)), Signal::kOver);
  EXPECT_EQ(face(config, found(Verdict::kAuthentic, 0.35)), Signal::kBelow);
  config.off = 0.2;
  EXPECT_EQ(face(config, found(Verdict::kAuthentic, 0.35)), Signal::kBetween);
}

TEST(FaceRule, UndecidedIsUnknownWhateverItsProbability) {
  for (const char* reason : {"partial", "warming-up", "frozen", "black", "gap", "error"}) {
    EXPECT_EQ(face({}, found(Verdict::kUndecided, 0.99, reason)), Signal::kUnknown);
    EXPECT_EQ(face({}, found(Verdict::kUndecided, 0.01, reason)), Signal::kUnknown);
  }
  EXPECT_EQ(face({}, Finding{}), Signal::kUnknown);
}

TEST(FaceRule, AnEmptyPictureIsNothingToWarnOf) {
  EXPECT_EQ(face({}, found(Verdict::kUndecided, 0, "no-face")), Signal::kBelow);
}

TEST(FaceRule, IsUnknownWhereNobodyLooks) {
  const Coverage stalled{false, false, "stall"};
  EXPECT_EQ(face({}, found(Verdict::kAuthentic, 0.1), stalled), Signal::kUnknown);
  EXPECT_EQ(face({}, found(Verdict::kUndecided, 0, "no-face"), stalled), Signal::kUnknown);
  EXPECT_EQ(face_input({}, 0.1, stalled, Finding{}).reason, "stall");
}

Signal picture(const std::string& rule, const Finding& finding, const Coverage& covered = live()) {
  return picture_input(rule, covered, finding).signal;
}

TEST(PictureRules, FollowTheElementsReason) {
  const Finding frozen = found(Verdict::kUndecided, 0.5, "frozen");
  const Finding black = found(Verdict::kUndecided, 0.5, "black");
  EXPECT_EQ(picture("frozen", frozen), Signal::kOver);
  EXPECT_EQ(picture("black", black), Signal::kOver);
  EXPECT_EQ(picture_input("black", live(), black).reason, "black");
  // One of the two is told where both hold.
  EXPECT_EQ(picture("black", frozen), Signal::kUnknown);
  EXPECT_EQ(picture("frozen", black), Signal::kUnknown);
  for (const char* rule : {"frozen", "black"}) {
    EXPECT_EQ(picture(rule, found(Verdict::kAuthentic, 0.1)), Signal::kBelow);
    EXPECT_EQ(picture(rule, found(Verdict::kManipulated, 0.9)), Signal::kBelow);
    for (const char* reason : {"no-face", "too-small", "dark", "partial"}) {
      EXPECT_EQ(picture(rule, found(Verdict::kUndecided, 0.5, reason)), Signal::kBelow) << reason;
    }
    for (const char* reason : {"warming-up", "gap", "error", "something-new"}) {
      EXPECT_EQ(picture(rule, found(Verdict::kUndecided, 0.5, reason)), Signal::kUnknown) << reason;
    }
  }
}

TEST(PictureRules, AreUnknownWhereNobodyLooks) {
  const Finding frozen = found(Verdict::kUndecided, 0.5, "frozen");
  EXPECT_EQ(picture("frozen", frozen, {false, true, "eos"}), Signal::kUnknown);
  EXPECT_EQ(picture_input("frozen", {false, true, "eos"}, frozen).reason, "eos");
}

TEST(DownRule, FollowsTheStream) {
  EXPECT_EQ(down_input({true, false, ""}).signal, Signal::kBelow);
  EXPECT_EQ(down_input({false, true, "eos"}).signal, Signal::kOver);
  EXPECT_EQ(down_input({false, true, "eos"}).reason, "eos");
  EXPECT_EQ(down_input({false, false, "connecting"}).signal, Signal::kUnknown);
}

}  // namespace
