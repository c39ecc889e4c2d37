// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program as its users run it, beside real RTSP servers.

#include "monitor/program.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/rtsp_server.h"
#include "store/database.h"

namespace {

namespace fs = std::filesystem;

using dfd::monitor::test::Answer;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::fits_schema;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::has_metric;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::write_config;

TEST(Probe, SaysWhatASourceGives) {
  RtspServer server(RtspServer::test_picture());
  Program program({"probe", server.uri() + "?token=abc"});
  EXPECT_EQ(program.wait(), 0) << program.all();
  const Json said = Json::parse(program.out());
  EXPECT_GT(said["frames"], 0);
  EXPECT_EQ(said["width"], 320);
  EXPECT_EQ(said["height"], 180);
  EXPECT_EQ(program.all().find("abc"), std::string::npos);
}

TEST(Probe, SaysWhyThereIsNoPicture) {
  std::string port;
  { port = RtspServer(RtspServer::test_picture()).port(); }
  Program away({"probe", "rtsp://me:hunter2@127.0.0.1:" + port + "/live"});
  EXPECT_EQ(away.wait(), 4) << away.all();
  EXPECT_EQ(Json::parse(away.out())["reason"], "error");
  EXPECT_EQ(away.all().find("hunter2"), std::string::npos) << away.all();

  RtspServer silent(RtspServer::test_picture("identity drop-probability=1 !"));
  Program waiting({"probe", silent.uri(), "--timeout", "1"});
  EXPECT_EQ(waiting.wait(), 4) << waiting.all();

  Program unknown({"probe", "gopher://host/a"});
  EXPECT_EQ(unknown.wait(), 2);
}

TEST(Probe, TellsWrongCredentialsAndHidesThem) {
  RtspServer server(RtspServer::test_picture(), "viewer", "hunter2");
  const std::string right = scratch("right");
  const std::string wrong = scratch("wrong");
  std::ofstream(right) << "viewer:hunter2\n";
  std::ofstream(wrong) << "viewer:correct-horse\n";
  // Requests in full, which GStreamer logs.
  setenv("GST_DEBUG", "rtspsrc:6,rtsp*:6,uridecodebin:5,default:5", 1);
  Program good({"probe", server.uri(), "--credentials", right});
  EXPECT_EQ(good.wait(), 0) << good.out();
  Program bad({"probe", server.uri(), "--credentials", wrong});
  EXPECT_EQ(bad.wait(), 5) << bad.out();
  unsetenv("GST_DEBUG");
  EXPECT_EQ(Json::parse(bad.out())["reason"], "auth");
  EXPECT_GT(good.err().size(), 1000U);
  for (const std::string secret : {"hunter2", "correct-horse", "dmlld2VyOmh1bnRlcjI"}) {
    EXPECT_EQ(good.all().find(secret), std::string::npos) << secret;
    EXPECT_EQ(bad.all().find(secret), std::string::npos) << secret;
  }
}

TEST(CheckConfig, SaysWhereAFaultIs) {
  const std::string good = write_config("good.toml", "rtsp://127.0.0.1:1/a");
  EXPECT_EQ(Program({"check-config", good}).wait(), 0);
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"nam = \"x\"\n", ":18:1: "},
      {"[stream.detect]\nthreats = 1\n", ":19:11: "},
      {"[stream.detect]\nthreads = \"many\"\n", ":19:11: "},
      {"[stream.detect]\nmin-face-size = -4\n", ":19:17: "},
      {"[stream.detect]\nstream-id = \"mine\"\n", ":19:13: "}};
  for (const auto& [more, place] : faults) {
    const std::string path = write_config("faulty.toml", "rtsp://127.0.0.1:1/a", more);
    Program program({"check-config", path});
    EXPECT_EQ(program.wait(), 3) << more;
    EXPECT_NE(program.err().find(path + place), std::string::npos) << program.err();
  }
}

TEST(CheckConfig, OpensTheSources) {
  RtspServer server(RtspServer::test_picture());
  Program good({"check-config", "--connect", write_config("here.toml", server.uri())});
  EXPECT_EQ(good.wait(), 0) << good.all();
  EXPECT_EQ(Json::parse(good.out())["stream"], "ch1");
  Program bad({"check-config", "--connect", write_config("away.toml", "rtsp://127.0.0.1:1/a")});
  EXPECT_EQ(bad.wait(), 4) << bad.all();
}

TEST(CommandLine, AsksForACommandThatItKnows) {
  EXPECT_EQ(Program({}).wait(), 2);
  EXPECT_EQ(Program({"ran"}).wait(), 2);
  EXPECT_EQ(Program({"run"}).wait(), 2);
  EXPECT_EQ(Program({"--help"}).wait(), 0);
  Program schema({"schema"});
  EXPECT_EQ(schema.wait(), 0);
  EXPECT_EQ(Json::parse(schema.out()),
            Json::parse(content_of(DFD_SOURCE "/docs/schema/monitor-event.schema.json")));
}

TEST(Run, SaysWhatItCannotHave) {
  Program nowhere({"run", "/nowhere/m.toml"});
  EXPECT_EQ(nowhere.wait(), 3);
  const std::string config = write_config("nomodel.toml", "rtsp://127.0.0.1:1/a",
                                          "[stream.detect]\nmodel-file = \"/nowhere/m\"\n");
  Program model({"run", config});
  EXPECT_EQ(model.wait(), 1);
  EXPECT_NE(model.err().find("/nowhere/m"), std::string::npos) << model.err();
  const std::string other = write_config("nostate.toml", "rtsp://127.0.0.1:1/a");
  std::ofstream(other + ".state") << "in the way";
  Program state({"run", other});
  EXPECT_EQ(state.wait(), 1);
  EXPECT_NE(state.err().find("nostate.toml.state"), std::string::npos) << state.err();
}

TEST(Run, OpensAsManyFilesAsItMay) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_GE(before.rlim_max, 512U);
  rlimit few = before;
  few.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  Program program({"run", write_config("files.toml", "rtsp://127.0.0.1:1/a")});
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(comes_true([&] { return !program.address().empty(); })) << program.all();
  const std::string limits = content_of("/proc/" + program.id() + "/limits");
  const std::string name = "Max open files";
  ASSERT_NE(limits.find(name), std::string::npos);
  EXPECT_EQ(std::stoull(limits.substr(limits.find(name) + name.size())),
            std::min<rlim_t>(before.rlim_max, 65536));
  EXPECT_EQ(program.stop(), 0) << program.all();
}

// As Prometheus reads them.
bool are_good_metrics(const std::string& text) {
  const std::string path = scratch("metrics.txt");
  std::ofstream(path) << text;
  return std::system(("promtool check metrics < '" + path + "'").c_str()) == 0;
}

TEST(Run, ComesBackFromWhateverHappensToTheSource) {
  auto server = std::make_unique<RtspServer>(RtspServer::test_picture());
  const std::string port = server->port();
  const std::string config =
      write_config("faults.toml", "rtsp://me:hunter2@127.0.0.1:" + port + "/live");
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", ""); })) << program.all();
  const std::string address = program.address();
  EXPECT_EQ(request("GET", address + "/healthz").status, 200);
  EXPECT_EQ(request("GET", address + "/readyz").status, 200);
  EXPECT_EQ(request("GET", address + "/nothing").status, 404);
  EXPECT_EQ(request("POST", address + "/healthz").status, 405);

  server->freeze();
  ASSERT_TRUE(comes_true([&] { return program.told_stream("closing", "stall"); })) << program.all();
  // A shared medium that is frozen stays so.
  server.reset();
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("down", "firing"); })) << program.all();
  EXPECT_NE(
      request("GET", address + "/metrics").body.find("deepfake_stream_up{stream=\"ch1\"} 0\n"),
      std::string::npos);
  server = std::make_unique<RtspServer>(RtspServer::test_picture(), "", "", port);
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", "", 2); })) << program.all();
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("down", "resolved"); })) << program.all();
  const Answer metrics = request("GET", address + "/metrics");
  EXPECT_NE(metrics.body.find("deepfake_stream_up{stream=\"ch1\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("reason=\"stall\"} 1\n"), std::string::npos) << metrics.body;
  EXPECT_TRUE(are_good_metrics(metrics.body)) << metrics.body;
  EXPECT_EQ(program.stop(), 0) << program.all();
  EXPECT_TRUE(fits_schema(program.out()));
  EXPECT_EQ((program.all() + metrics.body).find("hunter2"), std::string::npos);
}

struct Held {
  std::ptrdiff_t descriptors = 0;
  std::ptrdiff_t threads = 0;
};

Held held_by(const Program& program) {
  const auto count = [&](const char* what) {
    return std::distance(fs::directory_iterator("/proc/" + program.id() + "/" + what), {});
  };
  return {count("fd"), count("task")};
}

TEST(Run, ThirtyReconnectsLeaveNothingBehind) {
  // As one that is killed says it.
  const std::string ends =
      "( videotestsrc num-buffers=5 ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 )";
  auto server = std::make_unique<RtspServer>(ends);
  const std::string port = server->port();
  Program program({"run", write_config("reconnects.toml", server->uri(),
                                       "backoff = {min_ms = 100, max_ms = 100}\n")});
  const auto connects = [&] {
    int count = 0;
    for (const Json& event : program.events()) {
      const Json& data = event["data"];
      if (data.contains("stream")) count = std::max(count, data["stream"].value("session", 0));
    }
    return count;
  };
  const auto plays_on = [&] {
    server.reset();
    server = std::make_unique<RtspServer>(RtspServer::test_picture(), "", "", port);
    const int last = connects();
    return comes_true([&] {
      const Json status = request("GET", program.address() + "/api/v1/streams/ch1").json();
      return connects() > last && status["state"] == "playing";
    });
  };
  ASSERT_TRUE(comes_true([&] { return connects() >= 3; })) << program.all();
  ASSERT_TRUE(plays_on()) << program.all();
  const Held before = held_by(program);
  const int first = connects();
  server.reset();
  server = std::make_unique<RtspServer>(ends, "", "", port);
  ASSERT_TRUE(comes_true([&] { return connects() >= first + 30; })) << program.all();
  ASSERT_TRUE(plays_on()) << program.all();
  // Threads that nobody needs any more go a little later.
  EXPECT_TRUE(comes_true([&] {
    const Held after = held_by(program);
    return after.descriptors <= before.descriptors && after.threads <= before.threads;
  })) << before.descriptors
      << " descriptors, " << before.threads << " threads, and then " << held_by(program).descriptors
      << ", " << held_by(program).threads;
  EXPECT_EQ(program.stop(), 0) << program.all();
}

// The ids of alarms of a state, in their order.
std::vector<std::string> alarm_ids(const Program& program, const std::string& state) {
  std::vector<std::string> ids;
  for (const Json& event : program.events()) {
    if (event["data"].contains("alarm") && event["data"]["alarm"]["state"] == state) {
      ids.push_back(event["data"]["alarm"]["id"]);
    }
  }
  return ids;
}

TEST(Run, AfterACrashAlarmsGoOnUnderTheirNames) {
  std::string port;
  { port = RtspServer(RtspServer::test_picture()).port(); }
  const std::string config = write_config("crash.toml", "rtsp://127.0.0.1:" + port + "/live");
  auto first = std::make_unique<Program>(std::vector<std::string>{"run", config});
  ASSERT_TRUE(comes_true([&] { return first->told_alarm("down", "firing"); })) << first->all();
  Program taken({"run", config});
  EXPECT_EQ(taken.wait(), 1);
  EXPECT_NE(taken.err().find("another deepfake-monitor"), std::string::npos) << taken.err();
  first->kill();
  const auto fired = alarm_ids(*first, "firing");
  ASSERT_EQ(fired.size(), 1U);

  RtspServer server(RtspServer::test_picture(), "", "", port);
  Program second({"run", config});
  ASSERT_TRUE(comes_true([&] { return second.told_alarm("down", "resolved"); })) << second.all();
  EXPECT_EQ(alarm_ids(second, "resolved"), fired);
  EXPECT_TRUE(second.told([](const Json& data) {
    return data.contains("alarm") && data["alarm"]["state"] == "resolved" &&
           data["alarm"]["data_lost"] == true;
  }));
  const Answer metrics = request("GET", second.address() + "/metrics");
  EXPECT_NE(metrics.body.find("deepfake_alarms_total{stream=\"ch1\",rule=\"down\"} 1\n"),
            std::string::npos)
      << metrics.body;
  EXPECT_NE(metrics.body.find("deepfake_store_up 1\n"), std::string::npos);
  // Events of both runs, those that were told twice once.
  std::set<std::string> ids;
  std::size_t firing = 0;
  for (const Program* program : std::initializer_list<const Program*>{first.get(), &second}) {
    for (const Json& event : program->events()) {
      const bool is_new = ids.insert(event["id"]).second;
      if (is_new && event["data"].contains("alarm") &&
          event["data"]["alarm"]["state"] == "firing") {
        ++firing;
      }
    }
  }
  EXPECT_EQ(firing, 1U);
  EXPECT_EQ(second.stop(), 0);
  EXPECT_TRUE(fits_schema(second.out()));
}

TEST(Run, WhatTheLastRunLeftIsTakenUpOnceItCanBeRead) {
  const std::string config = write_config("late.toml", "rtsp://127.0.0.1:1/a");
  Program first({"run", config});
  ASSERT_TRUE(comes_true([&] { return first.told_alarm("down", "firing"); })) << first.all();
  first.kill();
  const std::string old_id = alarm_ids(first, "firing").at(0);
  // Nothing can be opened there, until one step later.
  const std::string file = config + ".state/state.sqlite";
  fs::rename(file, file + ".away");
  fs::create_symlink("missing/nowhere", file);
  Program second({"run", config});
  ASSERT_TRUE(comes_true([&] { return second.told_alarm("down", "firing"); })) << second.all();
  EXPECT_NE(alarm_ids(second, "firing").at(0), old_id);
  EXPECT_TRUE(has_metric(second, "deepfake_store_up 0"));
  fs::rename(file + ".away", file);
  EXPECT_TRUE(comes_true([&] {
    return second.told([&](const Json& data) {
      return data.contains("alarm") && data["alarm"]["id"] == old_id &&
             data["alarm"]["state"] == "resolved" && data["alarm"]["reason"] == "superseded";
    });
  })) << second.all();
  EXPECT_TRUE(comes_true(
      [&] { return has_metric(second, "deepfake_alarms_total{stream=\"ch1\",rule=\"down\"} 2"); }));
  EXPECT_TRUE(has_metric(second, "deepfake_store_up 1"));
  EXPECT_EQ(second.stop(), 0) << second.all();
  EXPECT_TRUE(fits_schema(second.out()));
}

TEST(Run, AUserWhoIsRefusedIsAFailureOfItsOwnAndStaysHidden) {
  RtspServer server(RtspServer::test_picture(), "viewer", "hunter2");
  const std::string wrong = scratch("run_wrong");
  std::ofstream(wrong) << "viewer:correct-horse\n";
  Program program(
      {"run", write_config("auth.toml", server.uri(), "credentials = \"file:" + wrong + "\"\n")});
  EXPECT_TRUE(comes_true([&] { return program.told_stream("closing", "auth"); })) << program.all();
  EXPECT_TRUE(comes_true([&] { return program.told_alarm("down", "firing"); })) << program.all();
  const std::string metrics = request("GET", program.address() + "/metrics").body;
  EXPECT_EQ(metrics.find("reason=\"auth\"} 0\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("deepfake_stream_failures_total{stream=\"ch1\",reason=\"error\"} 0\n"),
            std::string::npos);
  const std::string streams = request("GET", program.address() + "/api/v1/streams").body;
  EXPECT_EQ((program.all() + metrics + streams).find("correct-horse"), std::string::npos);
  EXPECT_EQ(program.stop(), 0);
}

TEST(Run, ASourceThatEndsIsOpenedAnew) {
  RtspServer server(
      "( videotestsrc num-buffers=25 is-live=true ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 )");
  Program program({"run", write_config("ends.toml", server.uri())});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", "", 2); })) << program.all();
  EXPECT_TRUE(program.told_stream("closing", "eos")) << program.all();
  EXPECT_EQ(program.stop(), 0);
}

TEST(Run, WhatIsObservedIsKeptAndNotTold) {
  const std::string config =
      write_config("observe.toml", "rtsp://127.0.0.1:1/live", "mode = \"observe\"\n");
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("closing", "error"); })) << program.all();
  const std::string fired = "deepfake_alarms_total{stream=\"ch1\",rule=\"down\"} 1";
  ASSERT_TRUE(comes_true([&] { return has_metric(program, fired); })) << program.all();
  EXPECT_TRUE(has_metric(
      program, "deepfake_notifications_suppressed_total{stream=\"ch1\",reason=\"observe\"} 2"));
  EXPECT_EQ(program.stop(), 0);
  EXPECT_FALSE(program.told_alarm("down", "firing")) << program.out();
  EXPECT_FALSE(program.told_alarm("down", "pending")) << program.out();
  dfd::monitor::Database database(config + ".state/state.sqlite");
  dfd::monitor::Statement kept(database, "SELECT state, notified FROM alarms");
  ASSERT_TRUE(kept.step());
  EXPECT_EQ(kept.text(0), "firing");
  EXPECT_EQ(kept.whole(1), 0);
}

TEST(Run, OffTheAirNothingIsKnown) {
  Program program({"run", write_config("schedule.toml", "rtsp://127.0.0.1:1/live",
                                       "schedule = [{from = \"00:00\", to = \"24:00\", "
                                       "zone = \"Europe/Berlin\"}]\n")});
  ASSERT_TRUE(comes_true([&] {
    return has_metric(program, "deepfake_stream_failures_total{stream=\"ch1\",reason=\"error\"} 3");
  })) << program.all();
  EXPECT_TRUE(has_metric(program, "deepfake_stream_muted{stream=\"ch1\"} 1"));
  EXPECT_TRUE(has_metric(program, "deepfake_alarm_state{stream=\"ch1\",rule=\"down\"} 0"));
  EXPECT_EQ(program.stop(), 0);
  EXPECT_FALSE(program.told_alarm("down", "pending")) << program.out();
}

TEST(Run, AFloodIsToldOnce) {
  Program program({"run", write_config("flood.toml", "rtsp://127.0.0.1:1/live",
                                       "[[stream]]\nid = \"ch2\"\nuri = \"rtsp://127.0.0.1:1/b\"\n"
                                       "[[stream]]\nid = \"ch3\"\nuri = \"rtsp://127.0.0.1:1/c\"\n",
                                       "max_notify_per_hour = 1\n")});
  for (const std::string stream : {"ch1", "ch2", "ch3"}) {
    const std::string fired = "deepfake_alarms_total{stream=\"" + stream + "\",rule=\"down\"} 1";
    ASSERT_TRUE(comes_true([&] { return has_metric(program, fired); })) << program.all();
  }
  EXPECT_EQ(program.stop(), 0);
  int floods = 0;
  for (const Json& event : program.events()) floods += event["data"].value("state", "") == "flood";
  EXPECT_EQ(floods, 1);
  EXPECT_EQ(alarm_ids(program, "firing").size(), 1U);
  EXPECT_TRUE(fits_schema(program.out()));
}

TEST(Run, ABlackPictureBecomesAnAlarm) {
  RtspServer server(
      "( videotestsrc pattern=black is-live=true ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 )");
  Program program(
      {"run", write_config("black.toml", server.uri(), "alarm = {rules = [\"black\"]}\n")});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("black", "firing"); })) << program.all();
  EXPECT_EQ(program.stop(), 0);
  EXPECT_TRUE(fits_schema(program.out()));
}

TEST(Run, AForgedFaceBecomesAnAlarm) {
  const std::string clip = forged_clip();
  ASSERT_FALSE(clip.empty());
  RtspServer server(RtspServer::looped(clip));
  Program program({"run", write_config("forged.toml", server.uri())});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("face", "firing"); })) << program.all();
  EXPECT_TRUE(program.told([](const Json& data) {
    if (!data.contains("alarm") || data["alarm"]["state"] != "firing") return false;
    const Json& face = data["faces"].at(0);
    return face["manipulation"]["label"] != "authentic" && face["w"] > 50 &&
           data["alarm"]["peak_probability"] >= data["alarm"]["on"];
  }));
  const Answer metrics = request("GET", program.address() + "/metrics");
  EXPECT_NE(metrics.body.find("deepfake_alarms_total{stream=\"ch1\",rule=\"face\"} 1\n"),
            std::string::npos)
      << metrics.body;
  // Results came, so they took some time.
  EXPECT_NE(
      metrics.body.find("deepfake_analysis_latency_seconds_bucket{stream=\"ch1\",le=\"+Inf\"}"),
      std::string::npos);
  EXPECT_EQ(metrics.body.find("deepfake_analysis_latency_seconds_sum{stream=\"ch1\"} 0\n"),
            std::string::npos);
  EXPECT_EQ(program.stop(), 0);
  EXPECT_TRUE(fits_schema(program.out()));
}

}  // namespace
