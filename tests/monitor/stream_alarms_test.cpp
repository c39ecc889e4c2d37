// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The alarms of a stream: those that are wanted, and those that the outputs are told of.

#include "service/stream_alarms.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::AlarmInput;
using dfd::monitor::AlarmState;
using dfd::monitor::AlarmTransition;
using dfd::monitor::Duration;
using dfd::monitor::Moment;
using dfd::monitor::NotifyLimit;
using dfd::monitor::Signal;
using dfd::monitor::StoredAlarm;
using dfd::monitor::StreamAlarms;
using dfd::monitor::StreamConfig;
using dfd::monitor::Time;
using dfd::monitor::WallTime;

class StreamAlarmsTest : public testing::Test {
 protected:
  StreamAlarmsTest() {
    config_.id = "ch1";
    config_.alarm.window_s = 1;
    config_.alarm.hold_s = 1;
  }

  StreamAlarms make() {
    return {config_, limit_,
            [this](Moment, const StreamAlarms::Rule& rule, const AlarmTransition& transition) {
              told_.push_back(rule.name + " " + name_of(transition.state) +
                              (rule.notified ? "" : " (quietly)"));
            }};
  }

  Moment at(Duration time) const {
    return {Time(time),
            WallTime(1'000'000s) + std::chrono::duration_cast<WallTime::duration>(time)};
  }

  // Of the rules "face" and "down".
  void see(StreamAlarms& alarms, Duration time, Signal face, Signal down) const {
    AlarmInput inputs[2];
    inputs[0].signal = face;
    inputs[1].signal = down;
    alarms.update(at(time), {inputs[0], inputs[1], AlarmInput(), AlarmInput()});
  }

  StreamConfig config_;
  NotifyLimit limit_{std::nullopt};
  std::vector<std::string> told_;
};

using Told = std::vector<std::string>;

TEST_F(StreamAlarmsTest, EachRuleHasItsOwn) {
  StreamAlarms alarms = make();
  see(alarms, 0s, Signal::kOver, Signal::kBelow);
  see(alarms, 1s, Signal::kOver, Signal::kOver);
  EXPECT_EQ(told_, (Told{"face pending", "face firing", "down pending"}));
  const std::vector<StoredAlarm> open = alarms.open();
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].rule, "face");
  EXPECT_EQ(open[0].state, AlarmState::kFiring);
  EXPECT_EQ(open[0].stream, "ch1");
  EXPECT_EQ(open[1].rule, "down");
}

TEST_F(StreamAlarmsTest, OfARuleThatNobodyWantsAnyMoreEnds) {
  StreamAlarms alarms = make();
  see(alarms, 0s, Signal::kOver, Signal::kOver);
  see(alarms, 1s, Signal::kOver, Signal::kOver);
  told_.clear();
  config_.alarm.face = false;
  alarms.configure(at(2s));
  EXPECT_EQ(told_, (Told{"face resolved"}));
  EXPECT_EQ(alarms.open().size(), 1U);
  see(alarms, 3s, Signal::kOver, Signal::kOver);
  EXPECT_EQ(told_.size(), 1U);
  // It has fired all the same.
  EXPECT_EQ(alarms.face().alarm.fired(), 1U);
  alarms.end(at(4s));
  EXPECT_EQ(told_.back(), "down resolved");
  EXPECT_TRUE(alarms.open().empty());
}

TEST_F(StreamAlarmsTest, OfAnAlarmAllIsToldOrNothing) {
  config_.observe = true;
  StreamAlarms alarms = make();
  see(alarms, 0s, Signal::kOver, Signal::kBelow);
  config_.observe = false;
  alarms.configure(at(0s));
  see(alarms, 1s, Signal::kOver, Signal::kOver);
  EXPECT_EQ(told_, (Told{"face pending (quietly)", "face firing (quietly)", "down pending"}));
}

TEST_F(StreamAlarmsTest, GoOnWhereTheLastRunLeftThem) {
  StreamAlarms first = make();
  see(first, 0s, Signal::kOver, Signal::kOver);
  see(first, 1s, Signal::kOver, Signal::kOver);
  config_.alarm.down = false;
  StreamAlarms second = make();
  for (const StoredAlarm& alarm : first.open()) second.restore(alarm);
  const std::vector<StoredAlarm> open = second.open();
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].record.id, first.open()[0].record.id);
  EXPECT_EQ(open[0].state, AlarmState::kFiring);
  EXPECT_TRUE(open[0].record.data_lost);
}

TEST_F(StreamAlarmsTest, OfARuleThatComesBackGoOn) {
  config_.alarm.down = false;
  StreamAlarms alarms = make();
  StoredAlarm left;
  left.stream = "ch1";
  left.rule = "down";
  left.state = AlarmState::kFiring;
  left.record.id = "a";
  EXPECT_TRUE(alarms.restore(left));
  see(alarms, 0s, Signal::kBelow, Signal::kOver);
  // Nobody wants it, and it is open all the same: its evidence stays.
  EXPECT_EQ(alarms.rules()[1].alarm.state(), AlarmState::kIdle);
  ASSERT_EQ(alarms.open().size(), 1U);
  EXPECT_EQ(alarms.open()[0].record.id, "a");
  config_.alarm.down = true;
  alarms.configure(at(1s));
  see(alarms, 1s, Signal::kBelow, Signal::kOver);
  EXPECT_TRUE(told_.empty());
  ASSERT_EQ(alarms.open().size(), 1U);
  EXPECT_EQ(alarms.open()[0].record.id, "a");
  EXPECT_EQ(alarms.rules()[1].alarm.state(), AlarmState::kFiring);
}

TEST_F(StreamAlarmsTest, AreSeenOnlyWhereSomebodyLooks) {
  StreamAlarms alarms = make();
  see(alarms, 0s, Signal::kOver, Signal::kBelow);
  EXPECT_FALSE(alarms.face().is_seen());
  see(alarms, 1s, Signal::kOver, Signal::kBelow);
  EXPECT_TRUE(alarms.face().is_seen());
  // It fires on.
  see(alarms, 2s, Signal::kUnknown, Signal::kBelow);
  EXPECT_EQ(alarms.face().alarm.state(), AlarmState::kFiring);
  EXPECT_FALSE(alarms.face().is_seen());
}

TEST_F(StreamAlarmsTest, AKeptAlarmIsToldAsItIsNow) {
  StreamAlarms alarms = make();
  see(alarms, 0s, Signal::kOver, Signal::kBelow);
  const StoredAlarm kept = alarms.open()[0];
  see(alarms, 1s, Signal::kOver, Signal::kBelow);
  EXPECT_EQ(alarms.newest(kept).state, AlarmState::kFiring);
  StoredAlarm other = kept;
  other.record.id = "another";
  EXPECT_EQ(alarms.newest(other).state, AlarmState::kPending);
}

}  // namespace
