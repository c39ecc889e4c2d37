// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The configuration read anew: by its parts, and by SIGHUP.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alarms/alarm.h"
#include "program.h"
#include "rtsp_server.h"
#include "service/canary.h"
#include "service/config_change.h"
#include "streams/watch.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::Alarm;
using dfd::monitor::AlarmConfig;
using dfd::monitor::AlarmInput;
using dfd::monitor::AlarmState;
using dfd::monitor::Canary;
using dfd::monitor::Config;
using dfd::monitor::Moment;
using dfd::monitor::needs_new_connection;
using dfd::monitor::parse_config;
using dfd::monitor::Signal;
using dfd::monitor::StreamConfig;
using dfd::monitor::StreamState;
using dfd::monitor::Time;
using dfd::monitor::Watch;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::has_metric;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::write_config;

StreamConfig stream_of(const std::string& more) {
  return parse_config("version = 1\n[[stream]]\nid = \"a\"\nuri = \"rtsp://host/a\"\n" + more, "m")
      .streams.front();
}

TEST(AChange, OfTheSourceWantsANewConnection) {
  const StreamConfig before = stream_of("");
  StreamConfig after = before;
  EXPECT_FALSE(needs_new_connection(before, after));
  after.uri = "rtsp://host/b";
  EXPECT_TRUE(needs_new_connection(before, after));
  after = before;
  after.credentials.password = "other";
  EXPECT_TRUE(needs_new_connection(before, after));
}

TEST(AChange, OfWhatIsSaidOfItDoesNot) {
  const StreamConfig before = stream_of("");
  EXPECT_FALSE(needs_new_connection(
      before, stream_of("name = \"x\"\nmode = \"observe\"\nstall_timeout_s = 5\n"
                        "backoff = {min_ms = 200}\n[stream.alarm]\nhold_s = 1\n")));
}

TEST(AChange, OfTheElementGoesAsTheElementSays) {
  const StreamConfig before = stream_of("[stream.detect]\nthreshold = 0.5\n");
  EXPECT_FALSE(needs_new_connection(before, stream_of("[stream.detect]\nthreshold = 0.6\n")));
  EXPECT_TRUE(needs_new_connection(
      before, stream_of("[stream.detect]\nthreshold = 0.5\nwindow-stride = 2\n")));
  // What it was before is not known.
  EXPECT_TRUE(needs_new_connection(before, stream_of("")));
}

TEST(AWatch, ReopensWithoutAWaitAndWithoutAFailure) {
  Watch watch(stream_of(""), [] { return 0.5; });
  Time now{};
  EXPECT_EQ(watch.update(now, {}), Watch::Action::kOpen);
  now += 1s;
  EXPECT_EQ(watch.reopen(now), Watch::Action::kClose);
  EXPECT_EQ(watch.state(), StreamState::kClosing);
  EXPECT_FALSE(watch.failure());
  dfd::monitor::Seen closed;
  closed.closed = true;
  watch.update(now, closed);
  EXPECT_EQ(watch.update(now, {}), Watch::Action::kOpen);
  for (const auto reason : dfd::monitor::kFailureReasons) EXPECT_EQ(watch.failures(reason), 0U);
}

TEST(AnAlarm, EndsForAReasonAndTellsItOnce) {
  AlarmConfig config;
  config.window_s = 0;
  Alarm alarm(config);
  Moment now{};
  AlarmInput over;
  over.signal = Signal::kOver;
  ASSERT_EQ(alarm.update(now, over).back().state, AlarmState::kFiring);
  const auto ended = alarm.end(now, "removed");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->previous, AlarmState::kFiring);
  EXPECT_EQ(ended->state, AlarmState::kResolved);
  EXPECT_EQ(ended->record.reason, "removed");
  EXPECT_FALSE(alarm.end(now, "removed"));
  EXPECT_FALSE(Alarm(config).end(now, "removed"));
}

TEST(ACanary, IsSilentAfterItsTimeoutAndHeardAgainAtOnce) {
  Canary canary(10s);
  Time now{};
  EXPECT_FALSE(canary.update(now, false));
  EXPECT_TRUE(canary.is_heard());
  EXPECT_FALSE(canary.update(now + 9s, false));
  EXPECT_EQ(canary.update(now + 10s, false), false);
  // Once.
  EXPECT_FALSE(canary.update(now + 20s, false));
  EXPECT_EQ(canary.update(now + 21s, true), true);
  EXPECT_FALSE(canary.update(now + 30s, false));
  EXPECT_EQ(canary.update(now + 31s, false), false);
  EXPECT_FALSE(canary.is_heard());
}

// A program whose configuration is written anew.
class Reloaded : public testing::Test {
 protected:
  std::string text() const { return content_of(path_); }

  void start(const std::string& uri, const std::string& more = "",
             const std::string& monitor = "") {
    path_ =
        write_config(std::string("reload_") +
                         testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml",
                     uri, more, monitor);
    program_ = std::make_unique<Program>(std::vector<std::string>{"run", path_});
  }

  // Until it says what came of it.
  void reload(const std::string& text, const std::string& outcome = "the configuration was read") {
    const auto count = [&] {
      std::size_t found = 0;
      const std::string err = program_->err();
      for (std::size_t at = 0; (at = err.find(outcome, at)) != std::string::npos; ++at) ++found;
      return found;
    };
    const std::size_t before = count();
    std::ofstream(path_) << text;
    program_->signal(SIGHUP);
    EXPECT_TRUE(comes_true([&] { return count() > before; })) << program_->err();
  }

  // Of the alarm that fired first.
  Json fired(const std::string& rule) const {
    for (const Json& event : program_->events()) {
      const Json& data = event["data"];
      if (data.contains("alarm") && data["alarm"]["rule"] == rule &&
          data["alarm"]["state"] == "firing") {
        return data["alarm"];
      }
    }
    return Json::object();
  }

  std::string path_;
  std::unique_ptr<Program> program_;
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

TEST_F(Reloaded, StreamsComeAndGoAndTheOthersPlayOn) {
  RtspServer first(RtspServer::test_picture());
  RtspServer second(RtspServer::test_picture());
  start(first.uri());
  ASSERT_TRUE(comes_true([&] { return program_->told_stream("playing", ""); })) << program_->all();
  const std::string one = text();
  const std::string added = "[[stream]]\nid = \"ch2\"\nuri = \"" + second.uri() + "\"\n";
  reload(one + added);
  EXPECT_TRUE(
      comes_true([&] { return has_metric(*program_, "deepfake_stream_up{stream=\"ch2\"} 1"); }));
  EXPECT_TRUE(has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch1\"} 1"));
  reload(one.substr(0, one.find("[[stream]]")) + added);
  EXPECT_FALSE(has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch1\"} 1"));
  EXPECT_TRUE(has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch2\"} 1"));
  // It comes back with what it had counted.
  reload(one + added);
  EXPECT_TRUE(comes_true(
      [&] { return has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch1\"} 2"); }));
  EXPECT_EQ(program_->stop(), 0);
}

TEST_F(Reloaded, AFaultChangesNothing) {
  RtspServer server(RtspServer::test_picture());
  start(server.uri());
  ASSERT_TRUE(comes_true([&] { return program_->told_stream("playing", ""); })) << program_->all();
  const std::string good = text();
  const std::string kept = "the configuration stays as it was";
  for (const std::string& fault : {std::string("nonsense"), replaced(good, "\"ch1\"", "\"CH1\""),
                                   good + "[stream.detect]\nthreats = 1\n",
                                   good + "[stream.detect]\nmodel-file = \"/nowhere\"\n",
                                   good + "[[output.jsonl]]\npath = \"/nowhere/e\"\n"}) {
    reload(fault, kept);
  }
  EXPECT_NE(program_->err().find(path_ + ":1:"), std::string::npos);
  EXPECT_TRUE(has_metric(*program_, "deepfake_stream_up{stream=\"ch1\"} 1"));
  EXPECT_TRUE(has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch1\"} 1"));
  reload(good);
  EXPECT_EQ(program_->stop(), 0);
}

TEST_F(Reloaded, AFaultOfEvidenceChangesNoOutput) {
  start("rtsp://127.0.0.1:1/a", "", "ring_dir = \"/proc/nowhere\"\n");
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string more = scratch("reload_fault.jsonl");
  fs::remove(more);
  reload(text() + "evidence = {pre_roll_s = 1}\n[[output.jsonl]]\npath = \"" + more + "\"\n",
         "the configuration stays as it was");
  EXPECT_EQ(program_->stop(), 0);
  EXPECT_FALSE(fs::exists(more));
}

constexpr const char* kToken = "twenty-letters-or-more";

std::string operator_table() {
  const std::string file = scratch("reload.token");
  std::ofstream(file) << kToken;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  return "[[token]]\nname = \"desk\"\nrole = \"operator\"\nfile = \"" + file + "\"\n";
}

TEST_F(Reloaded, WhatIsSaidOfAnAlarmIsToldWithoutItsStream) {
  start("rtsp://127.0.0.1:1/a", operator_table());
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string id = fired("down")["id"];
  reload(replaced(text(), "\"ch1\"", "\"ch2\""));
  const std::string path = program_->address() + "/api/v1/alarms/" + id + "/label";
  const std::string bearer = std::string("Bearer ") + kToken;
  EXPECT_EQ(request("POST", path, {{{"Authorization", bearer}}, R"({"label":"false"})"}).status,
            200);
  EXPECT_TRUE(comes_true([&] {
    return program_->told([&](const Json& data) {
      return data.contains("change") && data["change"]["label"] == "false" &&
             data["alarm"]["id"] == id && data["stream"]["id"] == "ch1";
    });
  })) << program_->all();
  EXPECT_EQ(program_->stop(), 0);
  EXPECT_TRUE(dfd::monitor::test::fits_schema(program_->out()));
}

TEST_F(Reloaded, WhoIsReachedByOthersKeepsAToken) {
  start("rtsp://127.0.0.1:1/a", operator_table(), "behind_proxy = true\n");
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string streams = program_->address() + "/api/v1/streams";
  EXPECT_EQ(request("GET", streams).status, 401);
  // What would be right for the next start is not for this one.
  const std::string open = replaced(text(), "behind_proxy = true\n", "");
  reload(open.substr(0, open.find("[[token]]")), "the configuration stays as it was");
  EXPECT_EQ(request("GET", streams).status, 401);
  EXPECT_EQ(program_->stop(), 0);
}

TEST_F(Reloaded, TheElementIsSetLiveOrConnectedAnew) {
  RtspServer server(RtspServer::test_picture());
  start(server.uri(), "[stream.detect]\nthreshold = 0.5\n");
  ASSERT_TRUE(comes_true([&] { return program_->told_stream("playing", ""); })) << program_->all();
  reload(replaced(text(), "threshold = 0.5", "threshold = 0.6"));
  EXPECT_TRUE(has_metric(*program_, "deepfake_stream_connects_total{stream=\"ch1\"} 1"));
  reload(text() + "window-stride = 2\n");
  EXPECT_TRUE(comes_true([&] { return program_->told_stream("playing", "", 2); }))
      << program_->all();
  EXPECT_FALSE(
      has_metric(*program_, "deepfake_stream_failures_total{stream=\"ch1\",reason=\"error\"} 1"));
  EXPECT_EQ(program_->stop(), 0);
}

TEST_F(Reloaded, AnOpenAlarmGoesOnUntilItsRuleIsGone) {
  start("rtsp://127.0.0.1:1/a");
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string id = fired("down")["id"];
  reload(replaced(text(), "hold_s = 1", "hold_s = 2"));
  EXPECT_TRUE(has_metric(*program_, "deepfake_alarm_state{stream=\"ch1\",rule=\"down\"} 2"));
  reload(replaced(text(), "hold_s = 2", "rules = [\"face\"]"));
  EXPECT_TRUE(comes_true([&] {
    return program_->told([&](const Json& data) {
      return data.contains("alarm") && data["alarm"]["id"] == id &&
             data["alarm"]["state"] == "resolved" && data["alarm"]["reason"] == "removed";
    });
  }));
  EXPECT_EQ(program_->stop(), 0);
  EXPECT_TRUE(dfd::monitor::test::fits_schema(program_->out()));
}

TEST_F(Reloaded, ACanaryThatRaisesNoAlarmIsTold) {
  start("rtsp://127.0.0.1:1/a");
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string with = replaced(text(), "[[output.jsonl]]",
                                    "canary = \"ch1\"\ncanary_timeout_s = 1\n[[output.jsonl]]");
  reload(replaced(with, "\"ch1\"\ncanary_t", "\"nobody\"\ncanary_t"),
         "the configuration stays as it was");
  EXPECT_NE(program_->err().find("is no stream's id"), std::string::npos);
  reload(with);
  EXPECT_TRUE(comes_true([&] {
    return program_->told(
        [](const Json& data) { return data.value("state", "") == "canary-silent"; });
  }));
  EXPECT_TRUE(has_metric(*program_, "deepfake_canary_up 0"));
  EXPECT_EQ(program_->stop(), 0);
  EXPECT_TRUE(dfd::monitor::test::fits_schema(program_->out()));
}

TEST_F(Reloaded, OutputsComeAndWhatNeedsARestartIsSaid) {
  start("rtsp://127.0.0.1:1/a");
  ASSERT_TRUE(comes_true([&] { return program_->told_alarm("down", "firing"); }))
      << program_->all();
  const std::string more = scratch("reload_more.jsonl");
  fs::remove(more);
  reload(replaced(text(), "[[output.jsonl]]", "max_notify_per_hour = 7\n[[output.jsonl]]") +
         "[[output.jsonl]]\npath = \"" + more + "\"\n");
  EXPECT_NE(program_->err().find("monitor.max_notify_per_hour takes effect when"),
            std::string::npos);
  EXPECT_TRUE(
      comes_true([&] { return content_of(more).find("\"reloaded\"") != std::string::npos; }));
  EXPECT_EQ(program_->stop(), 0);
  EXPECT_TRUE(dfd::monitor::test::fits_schema(program_->out()));
}

}  // namespace
