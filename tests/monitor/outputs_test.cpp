// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events, the file that they are written to, and the metrics.

#include "outputs/outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/identifier.h"
#include "metrics/metrics_text.h"
#include "monitor/program.h"
#include "outputs/event.h"
#include "outputs/json_lines.h"
#include "service/monitor_metrics.h"

namespace {

using dfd::monitor::JsonLines;
using dfd::monitor::MetricsText;
using dfd::monitor::Moment;
using dfd::monitor::StreamConfig;
using dfd::monitor::Time;
using dfd::monitor::utc_text;
using dfd::monitor::WallTime;

const Moment kMoment{Time(std::chrono::seconds(5)),
                     WallTime(std::chrono::milliseconds(1764208250237))};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream stream(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string fresh(const std::string& name) {
  std::filesystem::path path = std::filesystem::path(DFD_TEST_SCRATCH) / name;
  std::filesystem::remove(path);
  return path.string();
}

TEST(Clock, WritesUtcWithMilliseconds) {
  EXPECT_EQ(utc_text(kMoment.wall), "2025-11-27T01:50:50.237Z");
  EXPECT_EQ(utc_text(WallTime{}), "1970-01-01T00:00:00.000Z");
}

TEST(Identifiers, SortByTimeAndNeverRepeat) {
  std::set<std::string> ids;
  for (int i = 0; i < 10000; ++i) ids.insert(dfd::monitor::make_id(kMoment.wall));
  EXPECT_EQ(ids.size(), 10000U);
  EXPECT_EQ(ids.begin()->size(), 26U);
  EXPECT_LT(*ids.rbegin(), dfd::monitor::make_id(kMoment.wall + std::chrono::milliseconds(1)));
}

TEST(JsonLines, WritesWholeLinesInOrder) {
  const std::string path = fresh("lines.jsonl");
  {
    JsonLines lines(path);
    for (int i = 0; i < 1000; ++i) lines.write("{\"n\":" + std::to_string(i) + "}");
  }
  const auto written = lines_of(path);
  ASSERT_EQ(written.size(), 1000U);
  EXPECT_EQ(written.back(), "{\"n\":999}");
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0007, 0U);
}

TEST(JsonLines, GoesOnBehindWhatIsThereAndEndsATornLine) {
  const std::string path = fresh("torn.jsonl");
  std::ofstream(path) << "{\"n\":1}\n{\"n\":";
  { JsonLines(path).write("{\"n\":2}"); }
  { JsonLines(path).write("{\"n\":3}"); }
  EXPECT_EQ(lines_of(path),
            (std::vector<std::string>{"{\"n\":1}", "{\"n\":", "{\"n\":2}", "{\"n\":3}"}));
}

TEST(JsonLines, SaysWhatCannotBeOpened) {
  try {
    JsonLines lines("/nowhere/events.jsonl");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()).find("/nowhere/events.jsonl: "), 0U);
  }
}

TEST(JsonLines, DropsTheOldestAndCountsThem) {
  // Nobody reads it, so it takes nothing after the first 64 kB.
  const std::string path = fresh("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::fstream reader(path, std::ios::in | std::ios::out);
  JsonLines lines(path);
  const std::size_t count = JsonLines::kMostWaiting + 500;
  for (std::size_t i = 0; i < count; ++i) lines.write(std::string(1000, 'x'));
  EXPECT_GT(lines.dropped(), 0U);
  EXPECT_LE(lines.waiting(), JsonLines::kMostWaiting + 1);
  // All others come once somebody reads, and it can end.
  std::string read;
  for (std::size_t i = lines.dropped(); i < count; ++i) ASSERT_TRUE(std::getline(reader, read));
}

TEST(Outputs, HaveAllOnceThoseOfBeforeHaveEnded) {
  const std::string path = fresh("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  dfd::monitor::Config before;
  before.json_lines.push_back({path});
  dfd::monitor::Outputs outputs(before, DFD_TEST_SCRATCH);
  // More than a pipe holds.
  outputs.write(std::string(1 << 20, 'x'));
  outputs.reload({});
  EXPECT_FALSE(outputs.have_all());
  std::vector<char> taken(1 << 20);
  EXPECT_TRUE(dfd::monitor::test::comes_true(
      [&] { return read(reader, taken.data(), taken.size()) <= 0 && outputs.have_all(); }));
  close(reader);
}

TEST(Events, SayNothingSecret) {
  StreamConfig stream;
  stream.id = "ch1";
  stream.name = "one";
  stream.uri = "rtsp://host/a?token=abc";
  const auto event =
      stream_event(kMoment, {&stream, 2, 0, 0}, {"connecting", "closing", "error", "no"});
  EXPECT_EQ(event["type"], "org.deepfakedetect.stream.v1");
  EXPECT_EQ(event["subject"], "stream/ch1");
  EXPECT_EQ(event["time"], "2025-11-27T01:50:50.237Z");
  EXPECT_EQ(event["data"]["stream"]["uri_masked"], "rtsp://host/a?***");
  EXPECT_EQ(event["data"]["stream"]["session"], 2);
  EXPECT_EQ(event["data"]["reason"], "error");
  EXPECT_EQ(event.dump().find("abc"), std::string::npos);
}

TEST(Events, NumbersThatAreNotKnownAreLeftOut) {
  StreamConfig stream;
  stream.id = "ch1";
  dfd::monitor::AlarmTransition transition;
  transition.state = dfd::monitor::AlarmState::kPending;
  dfd::monitor::Finding finding;
  finding.faces.resize(1);
  finding.faces[0].x = -5;
  finding.faces[0].width = 20;
  finding.faces[0].height = 10;
  finding.faces[0].track_id = 4;
  const auto event = alarm_event(kMoment, {&stream, 1, 100, 50}, "face", transition, &finding);
  const auto& data = event["data"];
  EXPECT_FALSE(data["alarm"].contains("fired_at"));
  EXPECT_FALSE(data["deepfake"].contains("probability"));
  EXPECT_EQ(data["deepfake"]["verdict"], "undecided");
  ASSERT_EQ(data["faces"].size(), 1U);
  // Cut to the picture.
  EXPECT_EQ(data["faces"][0]["x"], 0);
  EXPECT_EQ(data["faces"][0]["w"], 15);
  EXPECT_FALSE(data["faces"][0]["manipulation"].contains("confidence"));
  // Without a picture's size there are no boxes.
  const auto other = alarm_event(kMoment, {&stream, 1, 0, 0}, "face", transition, &finding);
  EXPECT_FALSE(other["data"]["faces"][0].contains("x"));
  EXPECT_EQ(other["data"]["faces"][0]["deepfake"]["box_known"], false);
}

TEST(Metrics, EscapeLabelsAndKeepDigits) {
  MetricsText text;
  text.begin("deepfake_x_total", "counter", "Things");
  text.sample(1764208250.237, {{"stream", "a\"b\\c\nd"}, {"reason", "eos"}});
  text.sample(3);
  EXPECT_EQ(text.text(),
            "# HELP deepfake_x_total Things\n# TYPE deepfake_x_total counter\n"
            "deepfake_x_total{stream=\"a\\\"b\\\\c\\nd\",reason=\"eos\"} 1764208250.237\n"
            "deepfake_x_total 3\n");
}

TEST(Metrics, BucketsOfAHistogramAddUpInTheOrderOfTheirBounds) {
  MetricsText text;
  text.begin("deepfake_x_seconds", "histogram", "Time");
  const double none = std::numeric_limits<double>::infinity();
  text.histogram({{none, 1}, {0.25, 2}, {0.005, 4}}, 1.5, {{"stream", "a"}});
  EXPECT_EQ(text.text(),
            "# HELP deepfake_x_seconds Time\n# TYPE deepfake_x_seconds histogram\n"
            "deepfake_x_seconds_bucket{stream=\"a\",le=\"0.005\"} 4\n"
            "deepfake_x_seconds_bucket{stream=\"a\",le=\"0.25\"} 6\n"
            "deepfake_x_seconds_bucket{stream=\"a\",le=\"+Inf\"} 7\n"
            "deepfake_x_seconds_sum{stream=\"a\"} 1.5\n"
            "deepfake_x_seconds_count{stream=\"a\"} 7\n");
}

TEST(Metrics, AreThereWithoutStreams) {
  const std::string text = metrics_text(kMoment, kMoment.wall, {}, {}, {}, {});
  EXPECT_NE(text.find("# TYPE deepfake_stream_up gauge\n"), std::string::npos);
  EXPECT_NE(text.find("deepfake_heartbeat_timestamp_seconds 1764208250.237\n"), std::string::npos);
}

// Each metric that there is, once, and in the documentation.
TEST(Metrics, AreAllDocumented) {
  std::ifstream stream(std::string(DFD_SOURCE) + "/docs/monitor.md");
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  const std::string text = metrics_text(kMoment, kMoment.wall, {}, {}, {}, {});
  std::set<std::string> names;
  constexpr std::string_view kMark = "# TYPE ";
  for (std::size_t at = 0; (at = text.find(kMark, at)) != std::string::npos;) {
    at += kMark.size();
    const std::string name = text.substr(at, text.find(' ', at) - at);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.rfind("deepfake_", 0), 0U) << name;
    EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
  }
  EXPECT_GT(names.size(), 10U);
}

}  // namespace
