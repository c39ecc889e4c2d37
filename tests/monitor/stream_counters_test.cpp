// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a stream counts goes on over connections, runs and days.

#include "service/stream_counters.h"

#include <chrono>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::Counters;
using dfd::monitor::Counts;
using dfd::monitor::JudgedDays;
using dfd::monitor::Moment;
using dfd::monitor::Stream;
using dfd::monitor::StreamConfig;
using dfd::monitor::StreamCounters;
using dfd::monitor::Time;
using dfd::monitor::WallTime;

StreamConfig config() {
  StreamConfig config;
  config.id = "ch1";
  config.uri = "rtsp://127.0.0.1:1/live";
  return config;
}

// That the element has counted.
Counts samples(std::uint64_t number) {
  Counts counts;
  counts.samples = number;
  counts.skipped["no-face"] = number / 2;
  counts.latency["0.1"] = number;
  counts.latency_seconds = 0.5 * double(number);
  return counts;
}

TEST(StreamCounters, AreThereBeforeTheFirstIsCounted) {
  const StreamConfig stream_config = config();
  const Stream stream(stream_config, nullptr);
  const Counters counters = StreamCounters({}, {}).read(stream);
  for (const char* name : {"connects", "frames", "samples", "judged_seconds", "clips"}) {
    EXPECT_EQ(counters.at({name, ""}), 0) << name;
  }
  EXPECT_EQ(counters.at({"failures", "stall"}), 0);
}

TEST(StreamCounters, GoOnFromWhatTheLastRunLeft) {
  const StreamConfig stream_config = config();
  const Stream stream(stream_config, nullptr);
  StreamCounters counters({{{"connects", ""}, 7}, {{"clips", ""}, 2}}, {});
  counters.add("clips", "");
  EXPECT_EQ(counters.read(stream).at({"clips", ""}), 3);
  EXPECT_EQ(counters.read(stream).at({"connects", ""}), 7);
  EXPECT_EQ(counters.connects(stream), 7U);
}

TEST(StreamCounters, GoOnWhereAnElementBeginsAnew) {
  const StreamConfig stream_config = config();
  const Stream stream(stream_config, nullptr);
  StreamCounters counters({{{"samples", ""}, 100}}, {});
  counters.set_analysed(samples(10));
  counters.set_analysed(samples(20));
  EXPECT_EQ(counters.read(stream).at({"samples", ""}), 120);
  counters.begin_connection();
  EXPECT_EQ(counters.read(stream).at({"samples", ""}), 120);
  counters.set_analysed(samples(6));
  const Counters read = counters.read(stream);
  EXPECT_EQ(read.at({"samples", ""}), 126);
  EXPECT_EQ(read.at({"skipped", "no-face"}), 13);
  EXPECT_EQ(read.at({"latency", "0.1"}), 26);
  EXPECT_EQ(read.at({"latency_seconds", ""}), 13);
}

TEST(StreamCounters, JudgedTimeIsKeptForTodayAndTheDayBefore) {
  const StreamConfig stream_config = config();
  const Stream stream(stream_config, nullptr);
  StreamCounters counters({}, {{"2026-11-20", 50}});
  // 2026-11-27, 22:40:00 UTC.
  const WallTime evening(std::chrono::seconds(1'795'819'200));
  counters.add_judged(1.5, evening - 24h);
  counters.add_judged(2, evening);
  counters.add_judged(3, evening);
  EXPECT_EQ(counters.judged(), (JudgedDays{{"2026-11-26", 1.5}, {"2026-11-27", 5}}));
  EXPECT_EQ(counters.judged_on("2026-11-27"), 5);
  EXPECT_EQ(counters.judged_on("2026-11-28"), 0);
  EXPECT_EQ(counters.read(stream).at({"judged_seconds", ""}), 6.5);
}

}  // namespace
