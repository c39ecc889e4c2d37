// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The API of the program as its users run it, beside a real stream.

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"
#include "monitor/web_client.h"
#include "monitor/web_fixture.h"
#include "store/database.h"

namespace {

using dfd::monitor::utc_text;
using dfd::monitor::test::Answer;
using dfd::monitor::test::answer_to;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::fits_schema;
using dfd::monitor::test::has_metric;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::Question;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::WebClient;
using dfd::monitor::test::write_config;

int port_of(const Program& program) {
  const std::string address = program.address();
  return std::stoi(address.substr(address.rfind(':') + 1));
}

TEST(Api, TellsOfAStreamThatComesAndGoes) {
  auto server = std::make_unique<RtspServer>(RtspServer::test_picture());
  Program program({"run", write_config("api.toml", server->uri())});
  ASSERT_TRUE(comes_true([&] { return !program.address().empty(); })) << program.all();
  const auto stream = [&] {
    return request("GET", program.address() + "/api/v1/streams/ch1?history=true").json();
  };
  ASSERT_TRUE(comes_true([&] { return stream().value("live", false); })) << program.all();
  const Json live = stream();
  EXPECT_EQ(live["state"], "playing");
  EXPECT_TRUE(live.contains("last_frame"));
  // A test card is no face, and no face is not clean.
  EXPECT_EQ(live["verdict"], "undecided");
  EXPECT_EQ(live["muted"], false);
  EXPECT_TRUE(comes_true([&] { return !stream()["history"]["probabilities"].empty(); }));
  EXPECT_EQ(live.dump().find("rtsp://"), std::string::npos);

  WebClient events(port_of(program));
  events.send("GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: 0\r\n\r\n");
  ASSERT_TRUE(events.reads("\"state\":\"started\"")) << events.read();
  server.reset();
  ASSERT_TRUE(events.reads("\"state\":\"firing\"")) << events.read();
  const Json open = request("GET", program.address() + "/api/v1/alarms?state=open").json();
  ASSERT_EQ(open["items"].size(), 1U) << open;
  EXPECT_EQ(open["items"][0]["rule"], "down");
  EXPECT_EQ(open["items"][0]["stream"], "ch1");
  EXPECT_TRUE(comes_true([&] { return !stream().value("live", true); }));
  EXPECT_EQ(stream()["verdict"], "undecided");
  EXPECT_FALSE(stream()["reason"].get<std::string>().empty());
  EXPECT_FALSE(stream().contains("probability"));
  EXPECT_EQ(program.stop(), 0);
}

const std::string kToken = "operator-operator-operator";

std::string token_table(const std::string& file) {
  const std::string path = scratch(file);
  std::ofstream(path) << kToken << "\n";
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  return "[[token]]\nname = \"desk\"\nrole = \"operator\"\nfile = \"" + path + "\"\n";
}

const Question kAsOperator = {{{"Authorization", "Bearer " + kToken}}, ""};

TEST(Api, AMuteByHandOutlivesTheProgram) {
  const std::string config =
      write_config("mute.toml", "rtsp://127.0.0.1:1/live", token_table("mute.token"));
  const std::string body = R"({"until":")" +
                           utc_text(dfd::monitor::now().wall + std::chrono::hours(1)) +
                           R"(","reason":"works"})";
  const std::string muted = "deepfake_stream_muted{stream=\"ch1\"} ";
  auto first = std::make_unique<Program>(std::vector<std::string>{"run", config});
  ASSERT_TRUE(comes_true([&] { return first->told_alarm("down", "firing"); })) << first->all();
  EXPECT_EQ(request("GET", first->address() + "/api/v1/streams").status, 401);
  const std::string stream = "/api/v1/streams/ch1";
  Question question = kAsOperator;
  question.body = body;
  ASSERT_EQ(request("POST", first->address() + stream + "/mute", question).status, 200);
  ASSERT_TRUE(comes_true([&] {
    return first->told([](const Json& data) {
      return data.contains("change") && data["change"]["action"] == "mute" &&
             data["change"]["by"] == "desk";
    });
  })) << first->all();
  ASSERT_TRUE(comes_true([&] { return has_metric(*first, muted + "1"); }));
  const Json alarms =
      request("GET", first->address() + "/api/v1/alarms?state=firing", kAsOperator).json();
  const std::string alarm = "/api/v1/alarms/" + alarms["items"][0]["id"].get<std::string>();
  EXPECT_EQ(request("POST", first->address() + alarm + "/ack", kAsOperator).status, 200);
  EXPECT_TRUE(comes_true([&] {
    return first->told([](const Json& data) {
      return data.contains("change") && data["change"]["action"] == "acknowledge" &&
             data["alarm"]["state"] == "firing";
    });
  })) << first->all();
  first->kill();

  Program second({"run", config});
  ASSERT_TRUE(comes_true([&] { return has_metric(second, muted + "1"); })) << second.all();
  const auto status = [&] { return request("GET", second.address() + stream, kAsOperator).json(); };
  ASSERT_TRUE(comes_true([&] { return status().value("muted", false); }));
  EXPECT_EQ(status()["reason"], "muted");
  EXPECT_EQ(status()["mute_reason"], "works");
  EXPECT_EQ(status()["verdict"], "undecided");
  EXPECT_EQ(request("GET", second.address() + alarm, kAsOperator).json()["acknowledged_by"],
            "desk");
  EXPECT_EQ(request("POST", second.address() + stream + "/unmute", kAsOperator).status, 200);
  ASSERT_TRUE(comes_true([&] { return has_metric(second, muted + "0"); }));
  EXPECT_EQ(second.stop(), 0);
  EXPECT_TRUE(fits_schema(first->out() + second.out()));

  Program audit({"audit", config});
  EXPECT_EQ(audit.wait(), 0) << audit.all();
  ASSERT_EQ(audit.events().size(), 3U);
  EXPECT_NE(audit.err().find(audit.events()[2]["hash"].get<std::string>()), std::string::npos);
  // The token is nowhere.
  std::string everything = first->all() + second.all() + audit.all();
  for (const auto& entry : std::filesystem::directory_iterator(config + ".state")) {
    everything += content_of(entry.path());
  }
  EXPECT_EQ(everything.find(kToken), std::string::npos);
  dfd::monitor::Database(config + ".state/state.sqlite").run("DELETE FROM audit WHERE number = 2");
  EXPECT_EQ(Program({"audit", config}).wait(), 1);
}

TEST(Api, TokensAreReadAnew) {
  const std::string table = token_table("anew.token");
  const std::string config = write_config("anew.toml", "rtsp://127.0.0.1:1/live", table);
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return !program.address().empty(); })) << program.all();
  const auto status = [&](const std::string& token) {
    return request("GET", program.address() + "/api/v1/streams",
                   {{{"Authorization", "Bearer " + token}}, ""})
        .status;
  };
  EXPECT_EQ(status(kToken), 200);
  // A token that is none: all stays as it was.
  std::ofstream(scratch("anew.token")) << "short\n";
  program.signal(SIGHUP);
  ASSERT_TRUE(comes_true([&] { return program.err().find("stays") != std::string::npos; }));
  EXPECT_EQ(status(kToken), 200);
  std::ofstream(scratch("anew.token")) << "another-another-another\n";
  program.signal(SIGHUP);
  EXPECT_TRUE(comes_true([&] { return status("another-another-another") == 200; }));
  EXPECT_EQ(status(kToken), 401);
  EXPECT_EQ(program.stop(), 0);
  EXPECT_EQ(program.all().find("another-another"), std::string::npos);
}

TEST(Api, SpeaksTls) {
  const auto [certificate, key] = dfd::monitor::test::certificate();
  ASSERT_FALSE(key.empty());
  const std::string monitor =
      "tls_certificate = \"" + certificate + "\"\ntls_key = \"" + key + "\"\n";
  const std::string config =
      write_config("tls.toml", "rtsp://127.0.0.1:1/live", token_table("tls.token"), monitor);
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return !program.address().empty(); })) << program.all();
  EXPECT_EQ(program.address().substr(0, 8), "https://");
  EXPECT_EQ(request("GET", program.address() + "/healthz").status, 200);
  const Answer in =
      request("POST", program.address() + "/login", {{}, R"({"token":")" + kToken + R"("})"});
  EXPECT_EQ(in.status, 200);
  EXPECT_NE(in.header("set-cookie").find("; Secure"), std::string::npos);
  EXPECT_EQ(
      answer_to(port_of(program), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").find("HTTP/1.1 200"),
      std::string::npos);
  EXPECT_EQ(request("GET", program.address() + "/healthz").status, 200);
  EXPECT_EQ(program.stop(), 0);

  std::filesystem::permissions(key, std::filesystem::perms(0644));
  Program open({"check-config", config});
  EXPECT_EQ(open.wait(), 3);
  EXPECT_NE(open.err().find("tls_key"), std::string::npos) << open.err();
}

}  // namespace
