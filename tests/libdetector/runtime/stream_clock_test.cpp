// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/stream_clock.h"

#include <vector>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using Step = StreamClock::Step;

// What becomes of frames at these times.
std::vector<Step> steps(const std::vector<Timestamp>& times, bool discont = false) {
  StreamClock clock;
  clock.set_reach(1000ms, 600ms);
  std::vector<Step> found;
  for (const Timestamp time : times) found.push_back(clock.step(time, discont));
  return found;
}

TEST(StreamClock, RisingAndRepeatedTimesGoOn) {
  EXPECT_EQ(steps({500ms, 540ms, 540ms, 1140ms}), std::vector<Step>(4, Step::kOn));
}

TEST(StreamClock, AStepBackWithinReachIsJitter) {
  EXPECT_EQ(steps({40ms, 39ms, 80ms}), (std::vector<Step>{Step::kOn, Step::kBack, Step::kOn}));
  EXPECT_EQ(steps({2000ms, 1000ms, 2040ms}),
            (std::vector<Step>{Step::kOn, Step::kBack, Step::kOn}));
}

TEST(StreamClock, OneFrameFarFromTheOthersChangesNothing) {
  for (const Timestamp stray : {-9000ms, 700ms, 9000ms, 3600000ms}) {
    EXPECT_EQ(steps({0ms, 40ms, stray, 80ms, stray, 120ms}),
              (std::vector<Step>{Step::kOn, Step::kOn, Step::kStray, Step::kOn, Step::kStray,
                                 Step::kOn}));
  }
}

TEST(StreamClock, TwoStraysOnDifferentSidesAreNoJump) {
  EXPECT_EQ(steps({10000ms, 90000ms, 0ms, 10040ms}),
            (std::vector<Step>{Step::kOn, Step::kStray, Step::kStray, Step::kOn}));
}

TEST(StreamClock, ASecondFrameFarBackIsAnotherTime) {
  EXPECT_EQ(steps({9000ms, 9040ms, 0ms, 40ms, 80ms}),
            (std::vector<Step>{Step::kOn, Step::kOn, Step::kStray, Step::kRestart, Step::kOn}));
}

TEST(StreamClock, AHoleGoesOnBehindItUnlessTheStreamCallsItOne) {
  EXPECT_EQ(steps({0ms, 9000ms, 9040ms, 9080ms}),
            (std::vector<Step>{Step::kOn, Step::kStray, Step::kOn, Step::kOn}));
  EXPECT_EQ(steps({0ms, 9000ms, 9040ms, 9080ms}, true),
            (std::vector<Step>{Step::kOn, Step::kStray, Step::kRestart, Step::kOn}));
}

TEST(StreamClock, ASlideShowIsNoStray) {
  EXPECT_EQ(steps({0ms, 5000ms, 10000ms, 15000ms, 20000ms}),
            (std::vector<Step>{Step::kOn, Step::kStray, Step::kOn, Step::kOn, Step::kOn}));
}

TEST(StreamClock, AnExpectedTimeIsNoStray) {
  StreamClock clock;
  clock.set_reach(1000ms, 600ms);
  EXPECT_EQ(clock.step(0ms, false), Step::kOn);
  clock.expect(9000ms);
  EXPECT_EQ(clock.step(9040ms, false), Step::kOn);
  clock.expect(90000ms);  // Nothing comes of it.
  EXPECT_EQ(clock.step(9080ms, false), Step::kOn);
  clock.expect(9120ms);
  EXPECT_EQ(clock.step(3600000ms, false), Step::kStray);  // Far from what was expected, too.
  EXPECT_EQ(clock.step(9160ms, false), Step::kOn);
}

TEST(StreamClock, TwoOddFramesRunningDoNotStopIt) {
  EXPECT_EQ(steps({0ms, 40ms, 3600000ms, 7200000ms, 160ms, 200ms, 240ms}),
            (std::vector<Step>{Step::kOn, Step::kOn, Step::kStray, Step::kOn, Step::kStray,
                               Step::kRestart, Step::kOn}));
}

TEST(StreamClock, AShortLoopIsNotJitterForEver) {
  StreamClock clock;
  clock.set_reach(1000ms, 600ms);
  int restarts = 0;
  for (int i = 0; i < 500; ++i) {
    restarts += clock.step(i % 20 * 40ms, false) == Step::kRestart ? 1 : 0;
  }
  EXPECT_GT(restarts, 10);
}

TEST(StreamClock, StraysAloneAreNotPassedForEver) {
  StreamClock clock;
  clock.set_reach(1000ms, 600ms);
  clock.step(0ms, false);
  int restarts = 0;
  for (int i = 0; i < 100; ++i) {
    const Timestamp time = i % 2 == 0 ? Timestamp(3600000ms) : Timestamp(-3600000ms);
    restarts += clock.step(time, false) == Step::kRestart ? 1 : 0;
  }
  EXPECT_GE(restarts, 1);
}

TEST(StreamClock, FramesWithoutATimeFollowTheLastThatWasBelieved) {
  StreamClock clock;
  clock.set_reach(1000ms, 600ms);
  EXPECT_FALSE(clock.last());
  clock.step(40ms, false);
  clock.step(39ms, false);
  EXPECT_EQ(clock.last(), Timestamp(39ms));
  clock.step(9000ms, false);
  EXPECT_EQ(clock.last(), Timestamp(39ms));
  clock.reset();
  EXPECT_FALSE(clock.last());
  EXPECT_EQ(clock.step(0ms, false), Step::kOn);
}

}  // namespace
}  // namespace dfd
