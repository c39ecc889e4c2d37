// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The monitor's HTTP, and those who mean it no good.

#include "web/web_server.h"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/program.h"
#include "monitor/web_client.h"
#include "monitor/web_fixture.h"
#include "store/store.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::AlarmState;
using dfd::monitor::Board;
using dfd::monitor::Entry;
using dfd::monitor::Moment;
using dfd::monitor::StreamStatus;
using dfd::monitor::WallTime;
using dfd::monitor::test::Answer;
using dfd::monitor::test::answer_to;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Json;
using dfd::monitor::test::request;
using dfd::monitor::test::stream_status;
using dfd::monitor::test::WebClient;

class WebServerTest : public dfd::monitor::test::WebFixture {};

TEST_F(WebServerTest, PagesComeFromTheMainLoop) {
  start();
  const Answer answer = request("GET", uri("/healthz"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "made");
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
}

TEST_F(WebServerTest, WhoHasHisAnswerHoldsNoPlace) {
  settings_.limits.connections = 4;
  start();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(request("GET", uri("/healthz")).status, 200) << i;
}

TEST_F(WebServerTest, AConnectionCarriesOneRequest) {
  start();
  const std::string one = "GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer = answer_to(port(), one + one);
  EXPECT_EQ(answer.find("HTTP/1.1 200"), 0U);
  EXPECT_EQ(answer.find("HTTP/1.1 200", 1), std::string::npos);
  EXPECT_EQ(answer_to(port(), "GET /page.js HTTP/1.0\r\n\r\n").find("HTTP/1.0 200"), 0U);
}

TEST_F(WebServerTest, SaysWhenTheMainLoopDoesNotTurn) {
  settings_.limits.page = 100ms;
  start();
  loop_.stop();
  EXPECT_EQ(request("GET", uri("/healthz")).status, 503);
  // What needs no main loop is there.
  EXPECT_EQ(request("GET", uri("/api/v1/streams")).status, 200);
}

TEST_F(WebServerTest, ThePageIsPartOfTheProgram) {
  start();
  const Answer page = request("GET", uri("/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("content-security-policy").find("default-src 'self';"), 0U);
  for (const std::string file : {"/page.css", "/page.js"}) {
    EXPECT_NE(page.body.find(file), std::string::npos);
    EXPECT_EQ(request("GET", uri(file)).status, 200);
  }
}

TEST_F(WebServerTest, HasAnAnswerToWhateverIsSent) {
  // Some of it never ends.
  settings_.limits.request = 1s;
  start();
  const std::string host = "Host: 127.0.0.1\r\n\r\n";
  // What is sent, and the beginning of what comes; empty: the connection is ended.
  const std::vector<std::pair<std::string, std::string>> table = {
      {"GET / HTTP/1.1\r\n" + host, "HTTP/1.1 200"},
      {"HEAD / HTTP/1.1\r\n" + host, "HTTP/1.1 200"},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n" + host, "HTTP/1.1 405"},
      {"DELETE /api/v1/streams HTTP/1.1\r\n" + host, "HTTP/1.1 401"},
      {"BREW /healthz HTTP/1.1\r\n" + host, "HTTP/1.1 405"},
      {"POST /api/v1/events HTTP/1.1\r\nContent-Length: 0\r\n" + host, "HTTP/1.1 401"},
      {"GET /api/v1 HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/streams/ch1/more HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/streams/.. HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /../../../etc/passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /..%2f..%2fetc/passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /%252e%252e/etc/passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /..\\..\\etc\\passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET //etc/passwd HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/alarms/%00 HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/alarms/1'%20OR%20'1'='1 HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/alarms/\xff\xfe HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/streams/" + std::string(5000, 'a') + " HTTP/1.1\r\n" + host, "HTTP/1.1 404"},
      {"GET /api/v1/alarms?state=happy HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/alarms?state=%ff HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/alarms?limit=0 HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/alarms?limit=99999999999999999999 HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/alarms?limit=-1 HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/alarms?before=x'-- HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET /api/v1/streams?history=maybe HTTP/1.1\r\n" + host, "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "HTTP/1.1 400"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: odd\r\n" + host, "HTTP/1.1 501"},
      {"\r\n\r\n\x01\x02\x03\r\n\r\n", "HTTP/1.0 400"},
      {"GET / HTTP/1.1\r\nX: " + std::string(100000, 'x') + "\r\n" + host, ""},
      {"POST / HTTP/1.1\r\nContent-Length: 70000\r\n" + host + std::string(70000, 'x'),
       "HTTP/1.1 413"},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n" + host + std::string(2000000, 'x'), ""},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + host + "fffffffffffffffff\r\nx", ""}};
  for (const auto& [sent, beginning] : table) {
    const std::string answer = answer_to(port(), sent);
    if (beginning.empty()) {
      EXPECT_EQ(answer, "") << sent.substr(0, 80);
    } else {
      EXPECT_EQ(answer.substr(0, beginning.size()), beginning) << sent.substr(0, 80);
    }
    EXPECT_EQ(answer.find("root:"), std::string::npos);
  }
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
}

TEST_F(WebServerTest, ErrorsAreObjects) {
  start();
  for (const std::string path : {"/nothing", "/api/v1/nothing", "/api/v1/streams/nothing",
                                 "/api/v1/alarms/nothing", "/api/v1/alarms?state=x"}) {
    const Answer answer = request("GET", uri(path));
    EXPECT_EQ(answer.header("content-type"), "application/json") << path;
    EXPECT_FALSE(answer.json()["error"]["code"].get<std::string>().empty()) << answer.body;
    EXPECT_FALSE(answer.json()["error"]["message"].get<std::string>().empty()) << answer.body;
  }
}

TEST_F(WebServerTest, RangesOfOtherThanEvidenceAreNotServed) {
  start();
  const Answer answer = request("GET", uri("/healthz"), {{{"Range", "bytes=0-1,0-1,0-1,0-1"}}, ""});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "made");
}

TEST_F(WebServerTest, WhoDoesNotAskGoes) {
  settings_.limits.request = 300ms;
  start();
  WebClient silent(port());
  WebClient slow(port());
  ASSERT_TRUE(slow.send("GET / HTTP/1.1\r\nHost: x"));
  WebClient half(port());
  ASSERT_TRUE(half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"));
  EXPECT_TRUE(silent.is_ended());
  EXPECT_TRUE(slow.is_ended());
  EXPECT_TRUE(half.is_ended());
}

TEST_F(WebServerTest, WhoDoesNotShakeHandsGoes) {
  const auto [certificate, key] = dfd::monitor::test::certificate();
  ASSERT_FALSE(key.empty());
  settings_.tls_certificate = certificate;
  settings_.tls_key = key;
  settings_.limits.request = 300ms;
  start();
  WebClient silent(port());
  WebClient half(port());
  // The beginning of a handshake.
  ASSERT_TRUE(half.send(std::string("\x16\x03\x01\x02\x00\x01", 6)));
  WebClient wrong(port());
  ASSERT_TRUE(wrong.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_TRUE(silent.is_ended());
  EXPECT_TRUE(half.is_ended());
  EXPECT_TRUE(wrong.is_ended());
  // Who is slow for no fault of his asks again.
  EXPECT_TRUE(comes_true([&] { return request("GET", uri("/healthz")).status == 200; }));
}

int open_sockets() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    count += target.find("socket:") == 0 ? 1 : 0;
  }
  return count;
}

TEST_F(WebServerTest, ThoseWhoLeaveLeaveNothingBehind) {
  settings_.limits.heart_beat = 100ms;
  start();
  const std::string host = "Host: localhost\r\n\r\n";
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
  const int before = open_sockets();
  for (const std::string sent :
       {"", "GET", "GET / HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\n", "GET /page.js HTTP/1.1\r\n",
        "GET /api/v1/events HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Length: 9\r\n"}) {
    for (int i = 0; i < 20; ++i) {
      WebClient client(port());
      client.send(sent.find('\n') == std::string::npos ? sent : sent + host);
    }
  }
  EXPECT_TRUE(comes_true([&] { return open_sockets() <= before; })) << open_sockets();
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
}

TEST_F(WebServerTest, WhoDoesNotAskMakesRoom) {
  settings_.limits.request = 60s;
  settings_.limits.connections = 4;
  start();
  std::vector<std::unique_ptr<WebClient>> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(std::make_unique<WebClient>(port()));
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
  EXPECT_TRUE(idle.front()->is_ended());
}

TEST_F(WebServerTest, StreamsAreAsTheBoardHasThem) {
  start();
  board_.put(dfd::monitor::now(), {stream_status("ch2"), stream_status("ch1")});
  const Json list = request("GET", uri("/api/v1/streams")).json();
  ASSERT_EQ(list["items"].size(), 2U) << list;
  EXPECT_TRUE(list["next"].is_null());
  EXPECT_EQ(list["items"][0]["id"], "ch2");
  EXPECT_EQ(list["items"][0]["name"], "Name of \xef\xbf\xbd ch2");
  EXPECT_FALSE(list["items"][0].contains("muted_until"));
  Json one = request("GET", uri("/api/v1/streams/ch1")).json();
  one["coverage"].erase("before");
  EXPECT_EQ(one, list["items"][1]);
  EXPECT_EQ(one["coverage"]["judged_seconds"], 12.5);
  EXPECT_EQ(one["probability"], 0.25);
}

TEST_F(WebServerTest, AStreamHasTheCoverageOfTheDaysBefore) {
  start();
  board_.put(dfd::monitor::now(), {stream_status("ch1")});
  dfd::monitor::StreamSnapshot snapshot;
  snapshot.judged = {{"2026-11-25", 30}, {"2026-11-26", 40.5}, {"2026-11-27", 5}};
  store_->add("ch1", snapshot);
  store_->add("ch2", snapshot);
  const Json before = Json::parse(
      R"([{"day":"2026-11-26","judged_seconds":40.5},{"day":"2026-11-25","judged_seconds":30.0}])");
  EXPECT_TRUE(comes_true([&] {
    const Json one = request("GET", uri("/api/v1/streams/ch1")).json();
    return one["coverage"].value("before", Json()) == before;
  }));
}

TEST_F(WebServerTest, AStreamIsToldOfWithoutTheStore) {
  start();
  board_.put(dfd::monitor::now(), {stream_status("ch1")});
  store_.reset();
  std::filesystem::remove(folder_ + "/state.sqlite");
  const Answer answer = request("GET", uri("/api/v1/streams/ch1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.json()["coverage"].contains("before"));
}

TEST(Board, RemembersTheWorstOfEachSpan) {
  Board board;
  Moment time{dfd::monitor::Time(100s), WallTime(1000s)};
  const auto put = [&](std::optional<double> probability, dfd::monitor::Duration step) {
    StreamStatus one = stream_status("ch1");
    one.probability = probability;
    board.put(time, {one});
    time.steady += step;
    time.wall += std::chrono::duration_cast<WallTime::duration>(step);
  };
  put(0.25, 1s);
  put(0.75, 1s);
  put(std::nullopt, 6s);
  put(0.5, 2s);
  put(0.5, 0s);
  const auto history = board.history("ch1");
  const std::vector<std::optional<double>> expected = {0.75, std::nullopt, std::nullopt,
                                                       std::nullopt, 0.5};
  EXPECT_EQ(history.values, expected);
  EXPECT_EQ(history.end, WallTime(1010s));
  EXPECT_TRUE(board.history("ch2").values.empty());
  for (int i = 0; i < 1000; ++i) put(0.5, 2s);
  EXPECT_EQ(board.history("ch1").values.size(), Board::kMostSpans);
  board.put(time, {});
  EXPECT_TRUE(board.history("ch1").values.empty());
}

TEST_F(WebServerTest, AlarmsComeNewestFirstPageByPage) {
  start();
  for (int i = 0; i < 7; ++i) {
    keep(i, i % 2 == 0 ? AlarmState::kFiring : AlarmState::kResolved, i < 5 ? "ch1" : "ch2");
  }
  wait_for_store();
  std::vector<std::string> ids;
  std::string next;
  do {
    const Json page =
        request("GET", uri("/api/v1/alarms?limit=3" + (next.empty() ? "" : "&before=" + next)))
            .json();
    for (const Json& alarm : page["items"]) ids.push_back(alarm["id"]);
    next = page["next"].is_null() ? "" : page["next"].get<std::string>();
  } while (!next.empty());
  ASSERT_EQ(ids.size(), 7U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(ids[static_cast<std::size_t>(i)], alarm_id(6 - i));
  const auto count = [&](const std::string& query) {
    return request("GET", uri("/api/v1/alarms?" + query)).json()["items"].size();
  };
  EXPECT_EQ(count("state=open"), 4U);
  EXPECT_EQ(count("state=resolved"), 3U);
  EXPECT_EQ(count("state=firing,resolved"), 7U);
  EXPECT_EQ(count("state=pending"), 0U);
  EXPECT_EQ(count("stream=ch2"), 2U);
  EXPECT_EQ(count("stream=ch2'"), 0U);
}

TEST_F(WebServerTest, AnAlarmHasItsTransitions) {
  start();
  keep(1);
  wait_for_store();
  const Json alarm = request("GET", uri("/api/v1/alarms/" + alarm_id(1))).json();
  EXPECT_EQ(alarm["state"], "firing");
  EXPECT_EQ(alarm["peak_probability"], 0.75);
  ASSERT_EQ(alarm["transitions"].size(), 1U) << alarm;
  EXPECT_EQ(alarm["transitions"][0]["previous"], "pending");
}

TEST_F(WebServerTest, WithoutADatabaseItSaysSo) {
  start();
  store_.reset();
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(request("GET", uri("/api/v1/alarms")).status, 503);
  EXPECT_EQ(request("GET", uri("/api/v1/events")).status, 503);
  const Answer answer = request("GET", uri("/api/v1/alarms/" + alarm_id(1)));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body.find(folder_), std::string::npos);
}

std::string events_request(const std::string& headers = "") {
  return "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n";
}

TEST_F(WebServerTest, EventsComeAsTheyAreKept) {
  start();
  keep(1);
  wait_for_store();
  WebClient reader(port());
  reader.send(events_request());
  ASSERT_TRUE(reader.reads("retry: "));
  keep(2);
  ASSERT_TRUE(reader.reads("data: {\"number\":2}\n\n"));
  EXPECT_NE(reader.read().find("text/event-stream"), std::string::npos);
  EXPECT_EQ(reader.read().find("\"number\":1"), std::string::npos);
}

TEST_F(WebServerTest, WhoComesBackMissesNoEvent) {
  start();
  for (int i = 1; i <= 3; ++i) keep(i);
  wait_for_store();
  {
    WebClient reader(port());
    reader.send(events_request("Last-Event-ID: 1\r\n"));
    ASSERT_TRUE(reader.reads("id: 3\n"));
    EXPECT_EQ(reader.read().find("id: 1\n"), std::string::npos);
    EXPECT_NE(reader.read().find("id: 2\n"), std::string::npos);
  }
  // More than is sent at once.
  for (int i = 4; i <= 300; ++i) keep(i);
  WebClient again(port());
  again.send(events_request("Last-Event-ID: 3\r\n"));
  ASSERT_TRUE(again.reads("id: 300\n"));
  std::size_t at = 0;
  for (int i = 4; i <= 300; ++i) {
    at = again.read().find(
        "id: " + std::to_string(i) + "\ndata: {\"number\":" + std::to_string(i) + "}\n\n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(WebServerTest, NumbersThatBeganAnewAreTold) {
  start();
  keep(1);
  wait_for_store();
  WebClient reader(port());
  reader.send(events_request("Last-Event-ID: 4711\r\n"));
  ASSERT_TRUE(reader.reads("event: reset\nid: 1\n"));
  keep(2);
  EXPECT_TRUE(reader.reads("id: 2\n"));
}

TEST_F(WebServerTest, ReadersHearThatItIsThere) {
  settings_.limits.heart_beat = 100ms;
  start();
  WebClient reader(port());
  reader.send(events_request());
  EXPECT_TRUE(reader.reads(": here\n\n"));
}

TEST_F(WebServerTest, ThereArePlacesForSoManyReaders) {
  settings_.limits.readers = 2;
  settings_.limits.heart_beat = 100ms;
  start();
  auto first = std::make_unique<WebClient>(port());
  WebClient second(port());
  for (WebClient* reader : {first.get(), &second}) {
    reader->send(events_request());
    ASSERT_TRUE(reader->reads("retry: "));
  }
  EXPECT_EQ(answer_to(port(), events_request()).substr(0, 12), "HTTP/1.1 503");
  first.reset();
  EXPECT_TRUE(comes_true([&] {
    WebClient third(port());
    third.send(events_request());
    return third.reads("retry: ");
  }));
}

TEST_F(WebServerTest, AReaderThatTakesNothingIsCutOff) {
  settings_.limits.write = 300ms;
  settings_.limits.readers = 1;
  start();
  for (int i = 0; i < 400; ++i) {
    Entry entry;
    entry.time = dfd::monitor::now().wall;
    entry.event_id = "long" + std::to_string(i);
    entry.event = "{\"long\":\"" + std::string(100000, 'x') + "\"}";
    store_->add(dfd::monitor::now(), std::move(entry));
  }
  wait_for_store();
  WebClient reader(port());
  reader.send(events_request("Last-Event-ID: 0\r\n"));
  ASSERT_TRUE(reader.reads("retry: "));
  // His place is another one's.
  EXPECT_TRUE(comes_true([&] {
    WebClient other(port());
    other.send(events_request());
    return other.reads("retry: ");
  }));
  // What the kernel took for him comes, and then the end.
  EXPECT_TRUE(reader.is_ended());
  EXPECT_LT(reader.read().size(), 400U * 100000);
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
}

}  // namespace
