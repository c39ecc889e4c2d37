// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When a source is opened, given up and tried again, on a clock that the test sets.

#include "streams/watch.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "streams/backoff.h"
#include "streams/stuck_limit.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::Backoff;
using dfd::monitor::BackoffConfig;
using dfd::monitor::Duration;
using dfd::monitor::Failure;
using dfd::monitor::FailureReason;
using dfd::monitor::Seen;
using dfd::monitor::StreamConfig;
using dfd::monitor::StreamState;
using dfd::monitor::StuckLimit;
using dfd::monitor::Time;
using dfd::monitor::to_seconds;
using dfd::monitor::Watch;
using Action = Watch::Action;

double middle() { return 0.5; }  // No jitter.

TEST(Backoff, DoublesUpToItsLongest) {
  Backoff backoff(BackoffConfig{}, middle);
  for (const double wait : {0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0}) {
    EXPECT_DOUBLE_EQ(to_seconds(backoff.next(false)), wait);
  }
  backoff.reset();
  EXPECT_DOUBLE_EQ(to_seconds(backoff.next(false)), 0.5);
}

TEST(Backoff, WaitsUpToFiveMinutesWhereItIsRefused) {
  Backoff backoff(BackoffConfig{}, middle);
  Duration longest{};
  for (int i = 0; i < 20; ++i) longest = backoff.next(true);
  EXPECT_DOUBLE_EQ(to_seconds(longest), 300);
  EXPECT_DOUBLE_EQ(to_seconds(backoff.next(false)), 30);
}

TEST(Backoff, JitterGoesBothWays) {
  for (const auto& [chance, wait] : {std::pair{0.0, 0.4}, {0.5, 0.5}, {0.75, 0.55}}) {
    Backoff backoff(BackoffConfig{}, [part = chance] { return part; });
    EXPECT_NEAR(to_seconds(backoff.next(false)), wait, 1e-6);
  }
}

class WatchTest : public testing::Test {
 protected:
  static StreamConfig config() {
    StreamConfig config;
    config.stall_timeout_s = 10;
    config.first_frame_timeout_s = 30;
    return config;
  }
  // Time goes by.
  Action after(Duration duration) {
    now_ += duration;
    return watch_.update(now_, seen_);
  }
  void show_frame() {
    ++seen_.frames;
    seen_.last_frame = now_;
  }
  void fail(FailureReason reason) { seen_.failure = Failure{reason, "text"}; }
  // Closes, and is tried again.
  void reopen(Duration wait) {
    seen_ = {};
    seen_.closed = true;
    EXPECT_EQ(after(1ms), Action::kNone);
    EXPECT_EQ(watch_.state(), StreamState::kWaiting);
    EXPECT_EQ(after(wait - 2ms), Action::kNone);
    EXPECT_EQ(after(2ms), Action::kOpen);
    seen_ = {};
  }

  Time now_ = Time(1000s);
  Seen seen_;
  Watch watch_{config(), middle};
};

TEST_F(WatchTest, OpensAtOnceAndPlaysWithTheFirstFrame) {
  EXPECT_EQ(after(0s), Action::kOpen);
  EXPECT_EQ(watch_.state(), StreamState::kConnecting);
  EXPECT_EQ(after(1s), Action::kNone);
  show_frame();
  EXPECT_EQ(after(1s), Action::kNone);
  EXPECT_EQ(watch_.state(), StreamState::kPlaying);
  EXPECT_FALSE(watch_.failure());
  EXPECT_EQ(watch_.connects(), 1U);
}

TEST_F(WatchTest, NoFirstFrameIsAFailure) {
  after(0s);
  EXPECT_EQ(after(29999ms), Action::kNone);
  EXPECT_EQ(after(1ms), Action::kClose);
  ASSERT_TRUE(watch_.failure());
  EXPECT_EQ(watch_.failure()->reason, FailureReason::kNoFirstFrame);
  EXPECT_EQ(watch_.failures(FailureReason::kNoFirstFrame), 1U);
}

TEST_F(WatchTest, AStallIsAFailure) {
  after(0s);
  show_frame();
  EXPECT_EQ(after(9s), Action::kNone);
  show_frame();
  EXPECT_EQ(after(9s), Action::kNone);
  EXPECT_EQ(after(1s), Action::kClose);
  EXPECT_EQ(watch_.failure()->reason, FailureReason::kStall);
}

TEST_F(WatchTest, EveryFailureIsTriedAgainForEver) {
  after(0s);
  for (int i = 0; i < 1000; ++i) {
    fail(FailureReason::kError);
    ASSERT_EQ(after(0s), Action::kClose);
    seen_ = {};
    seen_.closed = true;
    after(1ms);
    ASSERT_EQ(after(31s), Action::kOpen);
    seen_ = {};
  }
  EXPECT_EQ(watch_.failures(FailureReason::kError), 1000U);
}

TEST_F(WatchTest, TheFailureIsToldUntilTheNextFrame) {
  after(0s);
  fail(FailureReason::kAuth);
  after(0s);
  reopen(500ms);
  ASSERT_TRUE(watch_.failure());
  EXPECT_EQ(watch_.failure()->reason, FailureReason::kAuth);
  show_frame();
  after(1s);
  EXPECT_FALSE(watch_.failure());
}

TEST_F(WatchTest, ASourceThatDiesAfterItsFirstFrameIsNotHammered) {
  after(0s);
  for (const Duration wait : {500ms, 1000ms, 2000ms, 4000ms}) {
    show_frame();
    after(0s);
    fail(FailureReason::kEos);
    EXPECT_EQ(after(10ms), Action::kClose);
    reopen(wait - 1ms);
  }
}

TEST_F(WatchTest, ASourceThatPlayedForAWhileIsTriedSoon) {
  after(0s);
  for (int i = 0; i < 5; ++i) {
    fail(FailureReason::kError);
    after(0s);
    seen_ = {};
    seen_.closed = true;
    after(1ms);
    after(31s);
    seen_ = {};
  }
  show_frame();
  after(0s);
  for (int i = 0; i < 10; ++i) {
    show_frame();
    after(1s);
  }
  fail(FailureReason::kEos);
  after(0s);
  reopen(499ms);
}

TEST_F(WatchTest, WhatDoesNotCloseIsLeftBehind) {
  after(0s);
  fail(FailureReason::kError);
  EXPECT_EQ(after(0s), Action::kClose);
  EXPECT_EQ(after(9999ms), Action::kNone);
  EXPECT_EQ(watch_.state(), StreamState::kClosing);
  EXPECT_FALSE(watch_.is_stuck());
  EXPECT_EQ(after(1ms), Action::kNone);
  EXPECT_TRUE(watch_.is_stuck());
  EXPECT_EQ(watch_.failures(FailureReason::kStuck), 1U);
  EXPECT_EQ(after(0s), Action::kOpen);
  EXPECT_FALSE(watch_.is_stuck());
}

TEST(StuckLimit, IsThreeWithinAnHour) {
  StuckLimit limit;
  EXPECT_FALSE(limit.note(Time(0min)));
  EXPECT_FALSE(limit.note(Time(30min)));
  EXPECT_FALSE(limit.note(Time(61min)));
  EXPECT_TRUE(limit.note(Time(90min)));
  EXPECT_FALSE(limit.note(Time(300min)));
}

TEST(FailureNames, AreThoseOfTheMetrics) {
  std::set<std::string> names;
  for (const FailureReason reason : dfd::monitor::kFailureReasons) {
    names.insert(name_of(reason));
  }
  EXPECT_EQ(names, (std::set<std::string>{"error", "eos", "stall", "no_first_frame", "auth",
                                          "decode", "stuck"}));
}

}  // namespace
