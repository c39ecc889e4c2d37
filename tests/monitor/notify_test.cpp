// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When nobody is told: off the air by the schedule, and beyond the limit of an hour.

#include <string>

#include <gtest/gtest.h>

#include "alarms/notify_limit.h"
#include "alarms/schedule.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::NotifyLimit;
using dfd::monitor::OffAir;
using dfd::monitor::Schedule;
using dfd::monitor::Time;
using dfd::monitor::WallTime;

constexpr std::size_t kMonday = 0;
constexpr std::size_t kSaturday = 5;
constexpr std::size_t kSunday = 6;

OffAir hours(std::size_t day, int from_minute, int to_minute, const std::string& zone = "UTC") {
  OffAir entry;
  entry.days.at(day) = true;
  entry.from_minute = from_minute;
  entry.to_minute = to_minute;
  entry.zone = zone;
  return entry;
}

// 2025-11-24 was a Monday, 20416 days after 1970.
WallTime monday(std::chrono::minutes time) { return WallTime(20416 * 24h + time); }

TEST(Schedule, IsOffTheAirFromItsBeginningToBeforeItsEnd) {
  const Schedule schedule({hours(kMonday, 60, 120)});
  EXPECT_FALSE(schedule.is_off_air(monday(59min)));
  EXPECT_TRUE(schedule.is_off_air(monday(60min)));
  EXPECT_TRUE(schedule.is_off_air(monday(119min) + 59s));
  EXPECT_FALSE(schedule.is_off_air(monday(120min)));
  EXPECT_FALSE(schedule.is_off_air(monday(90min + 24h)));
  EXPECT_TRUE(schedule.is_off_air(monday(90min + 7 * 24h)));
}

TEST(Schedule, RunsOverMidnightAndTheWeeksEnd) {
  const Schedule schedule({hours(kSunday, 22 * 60, 6 * 60)});
  EXPECT_TRUE(schedule.is_off_air(monday(-2h)));
  EXPECT_TRUE(schedule.is_off_air(monday(6h - 1min)));
  EXPECT_FALSE(schedule.is_off_air(monday(6h)));
  EXPECT_FALSE(schedule.is_off_air(monday(22h)));
}

TEST(Schedule, AWholeDayIsOne) {
  const Schedule schedule({hours(kMonday, 0, 24 * 60)});
  EXPECT_FALSE(schedule.is_off_air(monday(-1min)));
  EXPECT_TRUE(schedule.is_off_air(monday(0min)));
  EXPECT_TRUE(schedule.is_off_air(monday(24h - 1min)));
  EXPECT_FALSE(schedule.is_off_air(monday(24h)));
}

TEST(Schedule, GoesByTheZonesClocksInSummerAndWinter) {
  const Schedule schedule({hours(kMonday, 60, 120, "Europe/Berlin")});
  // 01:30 there is 00:30 UTC in winter.
  EXPECT_TRUE(schedule.is_off_air(monday(30min)));
  EXPECT_FALSE(schedule.is_off_air(monday(90min)));
  // And 23:30 UTC of the day before in summer; 2025-07-21 was a Monday.
  const WallTime summer = monday(0min) - 18 * 7 * 24h;
  EXPECT_TRUE(schedule.is_off_air(summer - 30min));
  EXPECT_FALSE(schedule.is_off_air(summer + 30min));
}

TEST(Schedule, AnyOfItsEntriesCounts) {
  EXPECT_FALSE(Schedule({}).is_off_air(monday(0min)));
  const Schedule schedule({hours(kSaturday, 0, 60), hours(kMonday, 0, 60)});
  EXPECT_TRUE(schedule.is_off_air(monday(0min)));
  EXPECT_TRUE(schedule.is_off_air(monday(-2 * 24h)));
}

TEST(NotifyLimit, WithoutANumberThereIsNone) {
  NotifyLimit limit(std::nullopt);
  for (int i = 0; i < 10000; ++i) EXPECT_TRUE(limit.admit(Time(1s), "a"));
  EXPECT_FALSE(limit.take_flood());
}

TEST(NotifyLimit, RefusesWhatIsMoreWithinAnHour) {
  NotifyLimit limit(2);
  EXPECT_TRUE(limit.admit(Time(0s), "a"));
  EXPECT_TRUE(limit.admit(Time(30min), "b"));
  EXPECT_FALSE(limit.admit(Time(1h - 1s), "c"));
  EXPECT_TRUE(limit.admit(Time(1h), "d"));
  EXPECT_FALSE(limit.admit(Time(1h), "e"));
}

TEST(NotifyLimit, WhatCameToNothingDoesNotCount) {
  NotifyLimit limit(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limit.admit(Time(1s * i), "a"));
    limit.give_back("a");
  }
  EXPECT_TRUE(limit.admit(Time(10s), "b"));
  limit.give_back("c");
  EXPECT_FALSE(limit.admit(Time(11s), "d"));
}

TEST(NotifyLimit, TellsOfAFloodOnceAnHour) {
  NotifyLimit limit(1);
  limit.admit(Time(0s), "a");
  EXPECT_FALSE(limit.take_flood());
  limit.admit(Time(1s), "b");
  limit.admit(Time(2s), "c");
  EXPECT_TRUE(limit.take_flood());
  EXPECT_FALSE(limit.take_flood());
  EXPECT_TRUE(limit.admit(Time(1h), "d"));
  limit.admit(Time(1h), "e");
  EXPECT_FALSE(limit.take_flood());
  limit.admit(Time(1h + 1s), "f");
  EXPECT_TRUE(limit.take_flood());
}

}  // namespace
