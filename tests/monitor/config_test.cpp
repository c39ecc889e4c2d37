// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the configuration file may say, and where an error in it is said to be.

#include "config/config.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config_text.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::Config;
using dfd::monitor::ConfigError;
using dfd::monitor::parse_config;
using dfd::monitor::StreamConfig;
using dfd::monitor::test::error_of;
using dfd::monitor::test::expect_error;
using dfd::monitor::test::kStream;

TEST(Config, FillsInDefaults) {
  const Config config = parse_config(kStream, "m.toml");
  EXPECT_EQ(config.web.address, "127.0.0.1");
  EXPECT_EQ(config.web.port, 8088);
  ASSERT_EQ(config.streams.size(), 1U);
  const StreamConfig& stream = config.streams[0];
  EXPECT_EQ(stream.id, "ch1");
  EXPECT_EQ(stream.name, "ch1");
  EXPECT_EQ(stream.uri, "rtsp://host/a");
  EXPECT_EQ(stream.backoff.min_s, 0.5);
  EXPECT_EQ(stream.backoff.max_s, 30);
  EXPECT_TRUE(stream.alarm.face);
  EXPECT_TRUE(stream.alarm.down);
  EXPECT_FALSE(stream.alarm.on);
}

TEST(Config, AStreamGoesBeforeTheDefaults) {
  const Config config = parse_config(
      "version = 1\n"
      "[defaults]\nstall_timeout_s = 3\nbackoff = {min_ms = 200, max_ms = 900}\n"
      "[defaults.alarm]\non = 0.7\nrules = [\"face\"]\n"
      "[defaults.detect]\nthreads = 1\nmode = \"immediate\"\n"
      "[[stream]]\nid = \"a\"\nuri = \"rtsp://host/a\"\n"
      "[[stream]]\nid = \"b\"\nuri = \"rtsp://host/b\"\nstall_timeout_s = 4.5\n"
      "alarm = {on = 0.9}\n[stream.detect]\nthreads = 2\nexplain = true\n",
      "m.toml");
  ASSERT_EQ(config.streams.size(), 2U);
  EXPECT_EQ(config.streams[0].stall_timeout_s, 3);
  EXPECT_EQ(config.streams[0].backoff.max_s, 0.9);
  EXPECT_EQ(config.streams[0].alarm.on, 0.7);
  EXPECT_FALSE(config.streams[0].alarm.down);
  EXPECT_EQ(config.streams[0].detect.size(), 2U);
  EXPECT_EQ(config.streams[1].stall_timeout_s, 4.5);
  EXPECT_EQ(config.streams[1].alarm.on, 0.9);
  ASSERT_EQ(config.streams[1].detect.size(), 3U);
  std::map<std::string, std::string> detect;
  for (const auto& property : config.streams[1].detect) detect[property.name] = property.value;
  EXPECT_EQ(detect, (std::map<std::string, std::string>{
                        {"threads", "2"}, {"explain", "true"}, {"mode", "immediate"}}));
}

TEST(Config, EvidenceIsKeptWhereItIsAskedFor) {
  EXPECT_FALSE(parse_config(kStream, "m.toml").streams[0].evidence.wanted);
  const Config config = parse_config(
      "version = 1\n[monitor]\nring_dir = \"/run/x\"\n[evidence]\nmax_bytes = 2e9\n"
      "ring_max_bytes = 3e8\n[defaults.evidence]\npre_roll_s = 5\n[[stream]]\nid = \"a\"\nuri = "
      "\"rtsp://h/a\"\n"
      "evidence = {max_clip_s = 30}\n[[stream]]\nid = \"b\"\nuri = \"rtsp://h/b\"\n"
      "evidence = {enabled = false}\n",
      "m.toml");
  EXPECT_EQ(config.ring_dir, "/run/x");
  EXPECT_EQ(config.evidence.max_bytes, 2e9);
  EXPECT_EQ(config.evidence.retain_days, 30);
  EXPECT_EQ(config.evidence.ring_max_bytes, 3e8);
  EXPECT_TRUE(config.streams[0].evidence.wanted);
  EXPECT_EQ(config.streams[0].evidence.pre_roll_s, 5);
  EXPECT_EQ(config.streams[0].evidence.max_clip_s, 30);
  EXPECT_FALSE(config.streams[1].evidence.wanted);
  expect_error(kStream + "evidence = {pre_roll_s = 60}\n", "m.toml:5", "greater than pre_roll_s");
  expect_error(kStream + "evidence = {post = 1}\n", "m.toml:5", "post");
  expect_error("version = 1\n[evidence]\nmax_bytes = 5\n", "m.toml:3:13: ", "max_bytes");
}

TEST(Config, RulesAreThoseThatAreNamed) {
  const auto alarm = parse_config(kStream + "alarm = {rules = [\"frozen\", \"black\"]}\n", "m.toml")
                         .streams[0]
                         .alarm;
  EXPECT_TRUE(alarm.frozen);
  EXPECT_TRUE(alarm.black);
  EXPECT_FALSE(alarm.face);
  EXPECT_FALSE(alarm.down);
}

TEST(Config, AScheduleIsReadWithItsZone) {
  const auto schedule =
      parse_config(kStream +
                       "[[stream.schedule]]\ndays = [\"sat\", \"sun\"]\n"
                       "from = \"22:30\"\nto = \"06:00\"\nzone = \"Europe/Berlin\"\n"
                       "[[stream.schedule]]\nfrom = \"12:00\"\nto = \"00:00\"\n"
                       "zone = \"UTC\"\n",
                   "m.toml")
          .streams[0]
          .schedule;
  ASSERT_EQ(schedule.size(), 2U);
  EXPECT_TRUE(schedule[0].days[5]);
  EXPECT_FALSE(schedule[0].days[4]);
  EXPECT_EQ(schedule[0].from_minute, 1350);
  EXPECT_EQ(schedule[0].to_minute, 360);
  EXPECT_EQ(schedule[0].zone, "Europe/Berlin");
  EXPECT_TRUE(schedule[1].days[0]);
  EXPECT_EQ(schedule[1].to_minute, 1440);
  const std::string defaults =
      "version = 1\n[[defaults.schedule]]\nfrom = \"12:00\"\nto = \"13:00\"\nzone = \"UTC\"\n"
      "[[stream]]\nid = \"a\"\nuri = \"rtsp://host/a\"\n";
  EXPECT_EQ(parse_config(defaults, "m.toml").streams[0].schedule.size(), 1U);
  EXPECT_TRUE(parse_config(defaults + "schedule = []\n", "m.toml").streams[0].schedule.empty());
}

TEST(Config, AScheduleThatIsNoneIsAnErrorWithItsPlace) {
  const auto with = [](const std::string& entry) {
    return kStream + "schedule = [{" + entry + "}]\n";
  };
  const std::string day = "from = \"00:00\", to = \"24:00\", ";
  EXPECT_EQ(error_of(with(day + "zone = \"UTC\"")), "");
  for (const std::string zone : {"", "Mars", "+01:00", "../etc/passwd", "/etc/localtime", "CEST"}) {
    expect_error(with(day + "zone = \"" + zone + "\""), "m.toml:5:", "stream.schedule.zone");
  }
  expect_error(with(day), "m.toml:5:", "");
  for (const std::string time :
       {"", "7:00", "24:01", "25:00", "12:60", "12-30", "ab:cd", "-1:00"}) {
    expect_error(with("from = \"" + time + "\", to = \"12:00\", zone = \"UTC\""),
                 "m.toml:5:", "stream.schedule.from");
  }
  expect_error(with("from = \"12:00\", to = \"12:00\", zone = \"UTC\""), "m.toml:5:", "24:00");
  expect_error(with(day + "zone = \"UTC\", days = [\"monday\"]"), "m.toml:5:", "\"monday\"");
  expect_error(with(day + "zone = \"UTC\", days = []"), "m.toml:5:", "name a day");
  expect_error(with(day + "zone = \"UTC\", until = 3"), "m.toml:5:", "until");
}

TEST(Config, WhoIsToldOfWhatIsRead) {
  const Config config = parse_config(
      kStream + "mode = \"observe\"\n[monitor]\nmax_notify_per_hour = 20\nstate_dir = \"/s\"\n",
      "m.toml");
  EXPECT_TRUE(config.streams[0].observe);
  EXPECT_EQ(config.max_notify_per_hour, 20);
  EXPECT_EQ(config.state_dir, "/s");
  expect_error(kStream + "mode = \"look\"\n", "m.toml:5:8: ", "observe");
  for (const std::string most : {"0", "1.5", "-1"}) {
    expect_error(kStream + "[monitor]\nmax_notify_per_hour = " + most + "\n",
                 "m.toml:6:23: ", "must");
  }
  expect_error(kStream + "[monitor]\nstate_dir = \"\"\n", "m.toml:6:13: ", "folder");
}

TEST(Config, AnUnknownKeyIsAnErrorWithItsPlace) {
  expect_error(kStream + "stall_timeout = 3\n", "m.toml:5:1: ", "\"stall_timeout\" in stream");
  expect_error("version = 1\n[monitor]\n  listenn = \"127.0.0.1:1\"\n", "m.toml:3:3: ", "listenn");
  expect_error(kStream + "[stream.alarm]\nonn = 1\n", "m.toml:6:1: ", "in stream.alarm");
  expect_error(kStream + "[outputs]\n", "m.toml:5:2: ", "outputs");
}

TEST(Config, WhatIsWrittenWronglyIsAnErrorWithItsPlace) {
  expect_error("version = 1\n[[stream]\n", "m.toml:2:", "");
  expect_error(kStream + "stall_timeout_s = \"long\"\n", "m.toml:5:19: ", "must be a number");
  expect_error(kStream + "stall_timeout_s = 0.5\n", "m.toml:5:19: ", "between 1 and 86400");
  expect_error(kStream + "stall_timeout_s = nan\n", "m.toml:5:19: ", "between");
  expect_error(kStream + "name = 4\n", "m.toml:5:8: ", "text");
  expect_error(kStream + "alarm = {on = 0.4, off = 0.6}\n", "m.toml:5:26: ", "greater than on");
  expect_error(kStream + "alarm = {rules = [\"blue\"]}\n", "m.toml:5:18: ", "\"blue\"");
  expect_error(kStream + "backoff = {min_ms = 500, max_ms = 200}\n", "m.toml:5:35: ", "less");
  expect_error(kStream + "detect = {threads = [1]}\n", "m.toml:5:21: ", "detect.threads");
}

TEST(Config, AVersionIsAsked) {
  expect_error("[[stream]]\nid = \"a\"\nuri = \"rtsp://h/a\"\n", "m.toml:1:1: ", "version = 1");
  expect_error("version = 2\n", "m.toml:1:11: ", "must be 1");
}

TEST(Config, AStreamIsAsked) {
  expect_error("version = 1\n", "m.toml:1:1: ", "[[stream]]");
  expect_error("version = 1\nstream = 3\n", "m.toml:2:10: ", "[[stream]]");
}

TEST(Config, IdsArePlainAndEachThereOnce) {
  const auto with_id = [](const std::string& id) {
    return "version = 1\n[[stream]]\nid = \"" + id + "\"\nuri = \"rtsp://host/a\"\n";
  };
  EXPECT_EQ(error_of(with_id("a_b-9")), "");
  EXPECT_EQ(error_of(with_id(std::string(64, 'a'))), "");
  for (const std::string id : {"", "A", "-a", "a/b", "a.b", "\\u00e4"}) {
    expect_error(with_id(id), "m.toml:3:6: ", "a-z");
  }
  expect_error(with_id(std::string(65, 'a')), "m.toml:3:6: ", "a-z");
  expect_error(kStream + "[[stream]]\nid = \"ch1\"\nuri = \"rtsp://host/b\"\n",
               "m.toml:6:6: ", "twice");
}

TEST(Config, AnOutputHasAPath) {
  const Config config = parse_config(
      kStream + "[[output.jsonl]]\npath = \"-\"\n[[output.jsonl]]\npath = \"/tmp/e\"\n", "m.toml");
  ASSERT_EQ(config.json_lines.size(), 2U);
  EXPECT_EQ(config.json_lines[1].path, "/tmp/e");
  expect_error(kStream + "[[output.jsonl]]\n", "m.toml:5:1: ", "path is missing");
  expect_error(kStream + "[[output.fax]]\n", "m.toml:5:10: ", "unknown key \"fax\"");
  expect_error(kStream + "output = {jsonl = {path = \"-\"}}\n", "m.toml:", "");
}

TEST(Config, RemoteOutputsSayWhereToAndHow) {
  setenv("DFD_TEST_SECRET", "hunter2hunter2hunter2", 1);
  const Config config = parse_config(
      kStream +
          "[[output.webhook]]\nurl = \"https://host/hook?key=1\"\nsecret = "
          "\"env:DFD_TEST_SECRET\"\n"
          "[[output.mqtt]]\nurl = \"mqtts://broker\"\nname = \"site\"\nspool_max_bytes = 100000\n"
          "heartbeat_s = 5\n[[output.mqtt]]\nurl = \"mqtt://broker:1999\"\ntopic = \"a/b\"\n",
      "m.toml");
  ASSERT_EQ(config.webhooks.size(), 1U);
  EXPECT_EQ(config.webhooks[0].name, "webhook");
  EXPECT_EQ(config.webhooks[0].secret, "hunter2hunter2hunter2");
  EXPECT_FALSE(config.webhooks[0].heartbeat_s);
  ASSERT_EQ(config.mqtt.size(), 2U);
  EXPECT_EQ(config.mqtt[0].name, "site");
  EXPECT_TRUE(config.mqtt[0].tls);
  EXPECT_EQ(config.mqtt[0].port, 8883);
  EXPECT_EQ(config.mqtt[0].spool_max_bytes, 100000);
  EXPECT_EQ(config.mqtt[0].heartbeat_s, 5);
  EXPECT_EQ(config.mqtt[1].port, 1999);
  EXPECT_EQ(config.mqtt[1].topic, "a/b");
}

TEST(Config, WrongRemoteOutputsAreErrorsWithoutTheirSecrets) {
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"[[output.webhook]]\n", "m.toml:5:1: output.webhook.url is missing"},
      {"[[output.webhook]]\nurl = \"ftp://host\"\n",
       "m.toml:6:7: output.webhook.url must have the form"},
      {"[[output.webhook]]\nurl = \"http://a:hunter2@host\"\n",
       "m.toml:6:7: output.webhook.url holds a user"},
      {"[[output.webhook]]\nurl = \"http://h\"\nsecret = \"hunter2\"\n",
       "m.toml:7:10: secret must"},
      {"[[output.webhook]]\nurl = \"http://h\"\ntls = {authorities = \"/a\"}\n",
       "m.toml:7:7: output.webhook.tls is of no use"},
      {"[[output.webhook]]\nurl = \"https://h\"\ntls = {authorities = \"/nowhere\"}\n",
       "m.toml:7:22: output.webhook.tls.authorities names /nowhere"},
      {"[[output.mqtt]]\nurl = \"mqtt://h/topic\"\n", "m.toml:6:7: output.mqtt.url must end"},
      {"[[output.mqtt]]\nurl = \"mqtt://h\"\ntopic = \"a/#\"\n",
       "m.toml:7:9: output.mqtt.topic must be"},
      {"[[output.mqtt]]\nurl = \"mqtt://h\"\nname = \"A\"\n",
       "m.toml:7:8: output.mqtt.name must be"},
      {"[[output.mqtt]]\nurl = \"mqtt://h\"\nspool_max_bytes = 1\n", "m.toml:7:19: "},
      {"[[output.mqtt]]\nurl = \"mqtt://h\"\n[[output.mqtt]]\nurl = \"mqtt://i\"\n",
       "m.toml:7:1: output.mqtt.name \"mqtt\" is there twice"}};
  for (const auto& [text, error] : faults) {
    expect_error(kStream + text, error, "");
    EXPECT_EQ(error_of(kStream + text).find("hunter2"), std::string::npos) << text;
  }
}

// A folder of configuration files.
class ConfigFolder : public testing::Test {
 protected:
  ConfigFolder() {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "streams.d");
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  static std::string stream(const std::string& id) {
    return "[[stream]]\nid = \"" + id + "\"\nuri = \"rtsp://host/" + id + "\"\n";
  }
  static std::string error_in(const std::string& path) {
    try {
      dfd::monitor::read_config(path);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_ = fs::path(DFD_TEST_SCRATCH) / "config_folder";
};

TEST_F(ConfigFolder, StreamsOfIncludedFilesHaveTheDefaults) {
  const std::string path = write("m.toml",
                                 "version = 1\n[monitor]\ninclude = \"streams.d/*.toml\"\n"
                                 "[defaults]\ngroup = \"all\"\n" +
                                     stream("a"));
  write("streams.d/2.toml", stream("c"));
  write("streams.d/1.toml", stream("b"));
  write("streams.d/3.txt", "no matter what");
  const Config config = dfd::monitor::read_config(path);
  ASSERT_EQ(config.streams.size(), 3U);
  EXPECT_EQ(config.streams[1].id, "b");
  EXPECT_EQ(config.streams[2].group, "all");
}

TEST_F(ConfigFolder, ErrorsOfIncludedFilesNameThem) {
  const std::string path =
      write("m.toml", "version = 1\n[monitor]\ninclude = \"streams.d/*\"\n" + stream("a"));
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"", ":1:1: cannot be read, or there is nothing in it"},
      {"[monitor]\n", ":1:2: unknown key \"monitor\""},
      {stream("a"), ":2:6: stream.id \"a\" is there twice"},
      {"nonsense", ":1:"}};
  for (const auto& [text, error] : faults) {
    const std::string other = write("streams.d/x.toml", text);
    EXPECT_EQ(error_in(path).find(other + error), 0U) << error_in(path);
  }
  const std::string missing = write("n.toml", "version = 1\n[monitor]\ninclude = \"x.toml\"\n");
  EXPECT_EQ(error_in(missing).find(missing + ":3:11: "), 0U) << error_in(missing);
}

TEST_F(ConfigFolder, ShardsTogetherHaveEachStreamOnce) {
  std::string streams;
  for (int i = 0; i < 20; ++i) streams += stream("s" + std::to_string(i));
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    const std::string path = write(
        "m.toml", "version = 1\n[monitor]\nshard = \"" + std::to_string(i) + "/3\"\n" + streams);
    const Config config = dfd::monitor::read_config(path);
    EXPECT_LT(config.streams.size(), 20U);
    for (const StreamConfig& stream : config.streams) EXPECT_TRUE(ids.insert(stream.id).second);
  }
  EXPECT_EQ(ids.size(), 20U);
  expect_error("version = 1\n[monitor]\nshard = \"3/3\"\n", "m.toml:3:9: ", "does not exist");
}

TEST(Config, AFileThatIsNotThereIsAnError) {
  for (const std::string path : {"/nowhere/m.toml", "/tmp", "/dev/null"}) {
    try {
      dfd::monitor::read_config(path);
      FAIL() << path;
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find(path + ":1:1: "), 0U) << error.what();
    }
  }
}

}  // namespace
