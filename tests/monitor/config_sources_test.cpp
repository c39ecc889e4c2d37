// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the configuration says of sources, and of the secrets that they want.

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "config_text.h"

namespace {

using dfd::monitor::Config;
using dfd::monitor::parse_config;
using dfd::monitor::test::error_of;
using dfd::monitor::test::expect_error;
using dfd::monitor::test::kStream;

std::string with_uri(const std::string& uri, const std::string& more = "") {
  return "version = 1\n[[stream]]\nid = \"a\"\nuri = \"" + uri + "\"\n" + more;
}

TEST(Config, UriAndPasswordArePartedAndNeverRepeated) {
  const Config config = parse_config(with_uri("rtsp://me:p%40ss@host:8554/a?b=c"), "m.toml");
  EXPECT_EQ(config.streams[0].uri, "rtsp://host:8554/a?b=c");
  EXPECT_EQ(config.streams[0].credentials.user, "me");
  EXPECT_EQ(config.streams[0].credentials.password, "p@ss");
  for (const std::string uri :
       {"hunter2", "http://me:hunter2@host/a", "rtsp://me:hunter2@/a", "rtsp://me:hunter2/x@host/a",
        "rtsp://me:hunter2%zz@host/a", "rtsp://me:hunter2@host:port/a", "rtsp://"}) {
    expect_error(with_uri(uri), "m.toml:4:7: ", "");
    EXPECT_EQ(error_of(with_uri(uri)).find("hunter2"), std::string::npos) << uri;
  }
}

TEST(Config, SourcesOfEachKindAreTaken) {
  for (const std::string uri :
       {"rtsp://host/a", "rtsps://host/a", "rtspt://host/a", "rtspu://host/a", "srt://host:1935",
        "srt://:1935?mode=listener&latency=300&streamid=a%2Fb", "rtmp://host/live/a",
        "rtmps://host/live/a?key=1", "udp://:5000", "udp://239.1.2.3:5000?interface=eth0",
        "udp://host:5000?buffer_bytes=4000000&timeout_s=2.5", "http://host/a.m3u8",
        "https://host/a.m3u8?key=1", "file:///a.mp4"}) {
    EXPECT_EQ(error_of(with_uri(uri)), "") << uri;
  }
}

TEST(Config, AnUnknownKindNamesThoseThatThereAre) {
  expect_error(with_uri("gopher://host/a"), "m.toml:4:7: ",
               "use rtsp, rtsps, rtspt, rtspu, srt, rtmp, rtmps, udp, http, https or file");
}

TEST(Config, WhatAKindOfSourceNeedsIsAsked) {
  const std::map<std::string, std::string> faults = {{"srt://host", "port"},
                                                     {"srt://:1935", "cannot be read"},
                                                     {"srt://host:1?mode=rendezvous", "mode"},
                                                     {"srt://host:1?latency=long", "latency"},
                                                     {"srt://host:1?passphrase=short", "10 to 79"},
                                                     {"srt://me:hunter2@host:1", "users"},
                                                     {"udp://host", "port"},
                                                     {"udp://host:1?buffer=3", "buffer_bytes"},
                                                     {"udp://host:1?timeout_s=0", "timeout_s"},
                                                     {"rtmp://host/live", "APPLICATION"},
                                                     {"http://host/a.mp4", ".m3u8"},
                                                     {"https://host/", ".m3u8"},
                                                     {"file://host/a", "file:///"},
                                                     {"file:///", "file:///"}};
  for (const auto& [uri, part] : faults) expect_error(with_uri(uri), "m.toml:4:7: ", part);
}

TEST(Config, APassphraseIsTakenOutOfItsUri) {
  const Config config = parse_config(
      with_uri("srt://host:1?mode=caller&passphrase=corr%65ct-horse&latency=9"), "m.toml");
  EXPECT_EQ(config.streams[0].uri, "srt://host:1?mode=caller&latency=9");
  EXPECT_EQ(config.streams[0].credentials.password, "correct-horse");
  EXPECT_EQ(
      parse_config(with_uri("srt://host:1?passphrase=correct-horse"), "m.toml").streams[0].uri,
      "srt://host:1");

  const std::string key = "credentials = \"env:DFD_TEST_PASSPHRASE\"\n";
  setenv("DFD_TEST_PASSPHRASE", ":battery:staple", 1);
  EXPECT_EQ(parse_config(with_uri("srt://host:1", key), "m.toml").streams[0].credentials.password,
            "battery:staple");
  expect_error(with_uri("srt://host:1?passphrase=correct-horse", key),
               "m.toml:5:15: ", "leave one of them out");
  expect_error(with_uri("udp://host:1", key), "m.toml:5:15: ", "no credentials");
  for (const std::string wrong : {"me:battery-staple", "battery-staple", ":battery"}) {
    setenv("DFD_TEST_PASSPHRASE", wrong.c_str(), 1);
    expect_error(with_uri("srt://host:1", key), "m.toml:5:15: ", "");
    EXPECT_EQ(error_of(with_uri("srt://host:1", key)).find("battery"), std::string::npos);
  }
}

TEST(Config, CredentialsComeFromTheEnvironmentOrAFile) {
  setenv("DFD_TEST_CREDENTIALS", "me:pass:word", 1);
  Config config = parse_config(kStream + "credentials = \"env:DFD_TEST_CREDENTIALS\"\n", "m.toml");
  EXPECT_EQ(config.streams[0].credentials.user, "me");
  EXPECT_EQ(config.streams[0].credentials.password, "pass:word");

  const std::string path = std::string(DFD_TEST_SCRATCH) + "/credentials";
  std::ofstream(path) << "you:secret\r\nsecond line\n";
  config = parse_config(kStream + "credentials = \"file:" + path + "\"\n", "m.toml");
  EXPECT_EQ(config.streams[0].credentials.user, "you");
  EXPECT_EQ(config.streams[0].credentials.password, "secret");
}

TEST(Config, CredentialsThatAreNoneAreAnErrorWithoutThem) {
  setenv("DFD_TEST_NO_CREDENTIALS", "hunter2", 1);
  for (const std::string place : {"hunter2", "me:hunter2", "env:DFD_TEST_NO_CREDENTIALS",
                                  "env:DFD_NOT_THERE", "file:/nowhere/hunter", "file:/tmp"}) {
    const std::string text = kStream + "credentials = \"" + place + "\"\n";
    expect_error(text, "m.toml:5:15: ", "");
    EXPECT_EQ(error_of(text).find("hunter2"), std::string::npos) << place;
  }
  expect_error(
      "version = 1\n[[stream]]\nid = \"a\"\nuri = \"rtsp://a:b@host/a\"\n"
      "credentials = \"env:DFD_TEST_CREDENTIALS\"\n",
      "m.toml:5:15: ", "leave one of them out");
}

}  // namespace
