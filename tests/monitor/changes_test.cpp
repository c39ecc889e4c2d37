// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What people may change over HTTP, who may, and what is left of it.

#include "store/changes.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "monitor/program.h"
#include "monitor/web_client.h"
#include "monitor/web_fixture.h"
#include "store/audit.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::AlarmState;
using dfd::monitor::AuditEntry;
using dfd::monitor::Change;
using dfd::monitor::Database;
using dfd::monitor::sha256_of;
using dfd::monitor::utc_text;
using dfd::monitor::test::Answer;
using dfd::monitor::test::answer_to;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Json;
using dfd::monitor::test::Question;
using dfd::monitor::test::request;
using dfd::monitor::test::stream_status;
using dfd::monitor::test::WebClient;

constexpr const char* kViewer = "viewer-viewer-viewer-viewer";
constexpr const char* kOperator = "operator-operator-operator";

Question with_token(const std::string& token, const std::string& body = "") {
  return {{{"Authorization", "Bearer " + token}}, body};
}

std::string mute_body(std::chrono::seconds length = 1h) {
  return R"({"until":")" + utc_text(dfd::monitor::now().wall + length) + R"(","reason":"works"})";
}

class ChangesTest : public dfd::monitor::test::WebFixture {
 protected:
  ChangesTest() {
    settings_.tokens = {{"wall", sha256_of(kViewer), false}, {"desk", sha256_of(kOperator), true}};
    board_.put(dfd::monitor::now(), {stream_status("ch1")});
  }
  Answer post(const std::string& path, const std::string& body = "") {
    return request("POST", uri(path), with_token(kOperator, body));
  }
  std::string alarm_path(int number, const std::string& action) {
    return "/api/v1/alarms/" + alarm_id(number) + "/" + action;
  }
};

TEST_F(ChangesTest, EachMayWhatHisRoleSays) {
  start();
  keep(1);
  wait_for_store();
  struct Row {
    std::string method;
    std::string path;
    int nobody;
    int wrong;
    int viewer;
    int oper;
  };
  const std::vector<Row> table = {{"GET", "/", 200, 200, 200, 200},
                                  {"GET", "/page.js", 200, 200, 200, 200},
                                  {"GET", "/healthz", 200, 200, 200, 200},
                                  {"GET", "/api/v1/session", 401, 401, 200, 200},
                                  {"GET", "/api/v1/streams", 401, 401, 200, 200},
                                  {"GET", "/api/v1/streams/ch1", 401, 401, 200, 200},
                                  {"GET", "/api/v1/streams/none", 401, 401, 404, 404},
                                  {"GET", "/api/v1/alarms", 401, 401, 200, 200},
                                  {"GET", "/api/v1/nothing", 401, 401, 404, 404},
                                  {"POST", "/api/v1/streams", 401, 401, 405, 405},
                                  {"POST", alarm_path(1, "ack"), 401, 401, 403, 200},
                                  {"POST", alarm_path(1, "label"), 401, 401, 403, 400},
                                  {"POST", alarm_path(2, "ack"), 401, 401, 403, 404},
                                  {"POST", "/api/v1/alarms/none/ack", 401, 401, 403, 404},
                                  {"POST", "/api/v1/streams/ch1/mute", 401, 401, 403, 400},
                                  {"POST", "/api/v1/streams/ch1/unmute", 401, 401, 403, 409},
                                  {"POST", "/api/v1/streams/none/mute", 401, 401, 403, 404},
                                  {"GET", "/api/v1/streams/ch1/mute", 401, 401, 405, 405}};
  for (const Row& row : table) {
    EXPECT_EQ(request(row.method, uri(row.path)).status, row.nobody) << row.path;
    EXPECT_EQ(request(row.method, uri(row.path), with_token("wrong-wrong-wrong-wrong")).status,
              row.wrong)
        << row.path;
    EXPECT_EQ(request(row.method, uri(row.path), with_token(kViewer)).status, row.viewer)
        << row.path;
    EXPECT_EQ(request(row.method, uri(row.path), with_token(kOperator)).status, row.oper)
        << row.path;
  }
  EXPECT_EQ(
      answer_to(port(), "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").substr(0, 12),
      "HTTP/1.1 401");
  EXPECT_EQ(request("GET", uri("/api/v1/streams")).header("www-authenticate"), "Bearer");
}

TEST_F(ChangesTest, WithoutTokensEverybodyReadsAndNobodyChanges) {
  settings_.tokens.clear();
  start();
  EXPECT_EQ(request("GET", uri("/api/v1/streams")).status, 200);
  EXPECT_EQ(request("GET", uri("/api/v1/session")).json()["role"], "viewer");
  EXPECT_EQ(request("POST", uri("/api/v1/streams/ch1/mute"), {{}, mute_body()}).status, 401);
  EXPECT_EQ(post("/api/v1/streams/ch1/mute", mute_body()).status, 401);
  EXPECT_TRUE(store_->take_changes().empty());
}

TEST_F(ChangesTest, AnAlarmIsAcknowledgedOnce) {
  start();
  keep(1);
  wait_for_store();
  const Answer answer = post(alarm_path(1, "ack"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["acknowledged"], true);
  EXPECT_EQ(answer.json()["acknowledged_by"], "desk");
  // An attribute, not a state.
  EXPECT_EQ(answer.json()["state"], "firing");
  const Answer again = post(alarm_path(1, "ack"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.json()["error"]["code"], "conflict");
  const auto changes = store_->take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].change.kind, Change::Kind::kAcknowledge);
  EXPECT_EQ(changes[0].alarm->record.id, alarm_id(1));
}

TEST_F(ChangesTest, AnAlarmThatFiredIsLabelledAndLabelledAnew) {
  start();
  keep(1);
  keep(2, AlarmState::kPending);
  wait_for_store();
  const Answer first =
      post(alarm_path(1, "label"), R"({"label":"false","note":"the weather man"})");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.json()["label"], "false");
  EXPECT_EQ(first.json()["label_note"], "the weather man");
  EXPECT_EQ(post(alarm_path(1, "label"), R"({"label":"confirmed"})").json()["label"], "confirmed");
  const Json kept =
      request("GET", uri("/api/v1/alarms/" + alarm_id(1)), with_token(kViewer)).json();
  EXPECT_EQ(kept["label"], "confirmed");
  EXPECT_EQ(kept["label_by"], "desk");
  EXPECT_FALSE(kept.contains("label_note"));
  EXPECT_EQ(post(alarm_path(2, "label"), R"({"label":"false"})").status, 409);
}

TEST_F(ChangesTest, AStreamIsMutedAndNotMutedAnyMore) {
  start();
  const Answer answer = post("/api/v1/streams/ch1/mute", mute_body());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["mute_reason"], "works");
  EXPECT_EQ(post("/api/v1/streams/ch1/mute", mute_body(2h)).status, 200);
  EXPECT_EQ(store_->take_changes().size(), 2U);
  // As the next run finds it.
  server_.reset();
  store_.reset();
  start();
  const auto mutes = store_->take_left().value().mutes;
  ASSERT_EQ(mutes.count("ch1"), 1U);
  EXPECT_EQ(mutes.at("ch1").reason, "works");
  EXPECT_EQ(mutes.at("ch1").mark.by, "desk");
  EXPECT_EQ(post("/api/v1/streams/ch1/unmute").status, 200);
  EXPECT_EQ(post("/api/v1/streams/ch1/unmute").status, 409);
}

TEST_F(ChangesTest, BodiesThatMeanNothingChangeNothing) {
  start();
  keep(1);
  wait_for_store();
  const std::string hour = utc_text(dfd::monitor::now().wall + 1h);
  const std::vector<std::pair<std::string, std::string>> table = {
      {"/api/v1/streams/ch1/mute", "{}"},
      {"/api/v1/streams/ch1/mute", "[]"},
      {"/api/v1/streams/ch1/mute", "null"},
      {"/api/v1/streams/ch1/mute", "{\"until\""},
      {"/api/v1/streams/ch1/mute", "\"\xff\xfe\""},
      {"/api/v1/streams/ch1/mute", R"({"until":")" + hour + R"("})"},
      {"/api/v1/streams/ch1/mute", R"({"until":")" + hour + R"(","reason":""})"},
      {"/api/v1/streams/ch1/mute", R"({"until":")" + hour + R"(","reason":7})"},
      {"/api/v1/streams/ch1/mute", R"({"until":")" + hour + "\",\"reason\":\"\xff\"}"},
      {"/api/v1/streams/ch1/mute", R"({"until":"2020-01-01T00:00:00Z","reason":"a"})"},
      {"/api/v1/streams/ch1/mute", R"({"until":"9999-01-01T00:00:00Z","reason":"a"})"},
      {"/api/v1/streams/ch1/mute", R"({"until":"tomorrow","reason":"a"})"},
      {"/api/v1/streams/ch1/mute", R"({"until":"2026-12-24T18:00:00","reason":"a"})"},
      {"/api/v1/streams/ch1/mute", R"({"until":1e300,"reason":"a"})"},
      {"/api/v1/streams/ch1/mute", R"({"until":")" + hour + R"(","reason":"a","by":"root"})"},
      {"/api/v1/streams/ch1/mute",
       R"({"until":")" + hour + R"(","reason":")" + std::string(2001, 'a') + R"("})"},
      {"/api/v1/streams/ch1/mute", std::string(60000, '[')},
      {"/api/v1/streams/ch1/unmute", R"({"until":"x"})"},
      {alarm_path(1, "label"), R"({"label":"true"})"},
      {alarm_path(1, "label"), R"({"label":["false"]})"},
      {alarm_path(1, "label"), R"({"label":"false","note":{}})"},
      {alarm_path(1, "ack"), R"({"by":"somebody else"})"},
      {alarm_path(1, "ack"), "7"}};
  for (const auto& [path, body] : table) {
    const Answer answer = post(path, body);
    EXPECT_EQ(answer.status, 400) << path << " " << body.substr(0, 80) << answer.body;
    EXPECT_EQ(answer.json()["error"]["code"], "bad_body");
  }
  const std::string head =
      "POST /api/v1/streams/ch1/mute HTTP/1.1\r\nHost: localhost\r\n"
      "Authorization: Bearer " +
      std::string(kOperator) + "\r\nContent-Type: ";
  const std::string body = mute_body();
  const std::string rest = "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_EQ(answer_to(port(), head + "text/plain" + rest).substr(0, 12), "HTTP/1.1 415");
  EXPECT_TRUE(store_->take_changes().empty());
  EXPECT_EQ(answer_to(port(), head + "application/json; charset=utf-8" + rest).substr(0, 12),
            "HTTP/1.1 200");
}

TEST_F(ChangesTest, OnlyOurOwnNamesAndPagesAreServed) {
  settings_.tokens.clear();
  start();
  const auto status = [&](const std::string& method, const std::string& headers) {
    const std::string answer =
        answer_to(port(), method + " /api/v1/streams HTTP/1.1\r\n" + headers + "\r\n");
    return answer.substr(answer.find(' ') + 1, 3);
  };
  for (const std::string host :
       {"localhost", "localhost:8088", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8088"}) {
    EXPECT_EQ(status("GET", "Host: " + host + "\r\n"), "200") << host;
  }
  for (const std::string host : {"evil.example", "evil.example:8088", "localhost.evil.example",
                                 "127.0.0.1.evil.example", "[::2]", "10.0.0.1"}) {
    EXPECT_EQ(status("GET", "Host: " + host + "\r\n"), "421") << host;
  }
  // One of two is not ours.
  EXPECT_EQ(status("GET", "Host: localhost\r\nHost: evil.example\r\n"), "421");
  const std::string ours = "Host: localhost:8088\r\nContent-Length: 0\r\n";
  EXPECT_EQ(status("POST", ours), "401");
  EXPECT_EQ(status("POST", ours + "Origin: http://localhost:8088\r\n"), "401");
  for (const std::string origin : {"http://evil.example", "null", "http://localhost",
                                   "http://localhost:3000", "http://localhost:8088.evil.example"}) {
    EXPECT_EQ(status("POST", ours + "Origin: " + origin + "\r\n"), "403") << origin;
  }
  EXPECT_EQ(status("POST", ours + "Sec-Fetch-Site: cross-site\r\n"), "403");
  EXPECT_EQ(status("POST", ours + "Sec-Fetch-Site: same-origin\r\n"), "401");
}

std::string cookie_of(const Answer& answer) {
  const std::string cookie = answer.header("set-cookie");
  return cookie.substr(0, cookie.find(';'));
}

TEST_F(ChangesTest, ABrowserLogsInAndOut) {
  start();
  const auto log_in = [&](const std::string& token) {
    return request("POST", uri("/login"), {{}, R"({"token":")" + token + R"("})"});
  };
  EXPECT_EQ(log_in("wrong-wrong-wrong-wrong").status, 401);
  EXPECT_EQ(log_in("wrong-wrong-wrong-wrong").header("set-cookie"), "");
  const Answer in = log_in(kOperator);
  EXPECT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(in.json()["role"], "operator");
  const std::string cookie = in.header("set-cookie");
  for (const std::string part :
       {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"}) {
    EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
  }
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  EXPECT_EQ((in.body + cookie).find(kOperator), std::string::npos);
  const Question asked = {{{"Cookie", "theme=dark; " + cookie_of(in)}}, ""};
  EXPECT_EQ(request("GET", uri("/api/v1/session"), asked).json()["name"], "desk");
  EXPECT_EQ(request("POST", uri("/api/v1/streams/ch1/unmute"), asked).status, 409);
  const Answer out = request("POST", uri("/logout"), asked);
  EXPECT_EQ(out.status, 200);
  EXPECT_NE(out.header("set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(request("GET", uri("/api/v1/session"), asked).status, 401);
  EXPECT_EQ(request("GET", uri("/login")).status, 405);
  EXPECT_EQ(request("POST", uri("/login")).status, 400);
  EXPECT_EQ(request("POST", uri("/login"), {{}, R"({"token":7})"}).status, 400);
}

TEST_F(ChangesTest, WhoGuessesIsStopped) {
  start();
  const auto log_in = [&](const std::string& token) {
    return request("POST", uri("/login"), {{}, R"({"token":")" + token + R"("})"}).status;
  };
  for (int i = 0; i < 10; ++i) EXPECT_EQ(log_in("guess"), 401);
  EXPECT_EQ(log_in("guess"), 429);
  EXPECT_EQ(log_in(kOperator), 429);
  // Who has a token or a session goes on.
  EXPECT_EQ(request("GET", uri("/api/v1/streams"), with_token(kOperator)).status, 200);
}

TEST_F(ChangesTest, BehindAProxyItsHeadersCount) {
  settings_.behind_proxy = true;
  start();
  const std::string body = R"({"token":")" + std::string(kOperator) + R"("})";
  const Answer in = request("POST", uri("/login"),
                            {{{"X-Forwarded-Proto", "https"},
                              {"X-Forwarded-Host", "monitor.example"},
                              {"Origin", "https://monitor.example"}},
                             body});
  EXPECT_EQ(in.status, 200) << in.body;
  EXPECT_NE(in.header("set-cookie").find("; Secure"), std::string::npos);
  EXPECT_EQ(
      request("POST", uri("/login"),
              {{{"X-Forwarded-Host", "monitor.example"}, {"Origin", "https://evil.example"}}, body})
          .status,
      403);
  // One guesser does not lock out the others.
  const auto guess = [&](const std::string& address, const std::string& text) {
    return request("POST", uri("/login"), {{{"X-Forwarded-For", "1.1.1.1, " + address}}, text})
        .status;
  };
  for (int i = 0; i < 11; ++i) guess("10.0.0.1", R"({"token":"guess"})");
  EXPECT_EQ(guess("10.0.0.1", body), 429);
  EXPECT_EQ(guess("10.0.0.2", body), 200);
}

TEST_F(ChangesTest, NewTokensCountAtOnce) {
  start();
  server_->set_tokens({{"new", sha256_of("another-another-another"), false}});
  EXPECT_TRUE(comes_true(
      [&] { return request("GET", uri("/api/v1/streams"), with_token(kOperator)).status == 401; }));
  EXPECT_EQ(request("GET", uri("/api/v1/streams"), with_token("another-another-another")).status,
            200);
}

// A reader of events that shows what `header` says.
std::unique_ptr<WebClient> reader_of(int port, const std::string& header) {
  auto reader = std::make_unique<WebClient>(port);
  reader->send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n");
  EXPECT_TRUE(reader->reads("retry:")) << header;
  return reader;
}

TEST_F(ChangesTest, WhoMayNotReadAnyMoreHearsNoMoreEvents) {
  start();
  const auto log_in = [&](const std::string& token) {
    return cookie_of(request("POST", uri("/login"), {{}, R"({"token":")" + token + R"("})"}));
  };
  const std::string session = log_in(kOperator);
  const auto by_token = reader_of(port(), "Authorization: Bearer " + std::string(kViewer) + "\r\n");
  const auto by_its_session = reader_of(port(), "Cookie: " + log_in(kViewer) + "\r\n");
  const auto logged_out = reader_of(port(), "Cookie: " + session + "\r\n");
  const auto stays = reader_of(port(), "Authorization: Bearer " + std::string(kOperator) + "\r\n");
  request("POST", uri("/logout"), {{{"Cookie", session}}, ""});
  EXPECT_TRUE(logged_out->is_ended());
  server_->set_tokens({{"desk", sha256_of(kOperator), true}});
  EXPECT_TRUE(by_token->is_ended());
  EXPECT_TRUE(by_its_session->is_ended());
  keep(1);
  EXPECT_TRUE(stays->reads("id: 1"));
}

TEST_F(ChangesTest, WhoNeededNoTokenNeedsOneAtOnce) {
  settings_.tokens.clear();
  start();
  const auto reader = reader_of(port(), "");
  server_->set_tokens({{"desk", sha256_of(kOperator), true}});
  EXPECT_TRUE(reader->is_ended());
}

TEST_F(ChangesTest, TheAuditLogTellsWhoChangedWhat) {
  start();
  keep(1);
  wait_for_store();
  post(alarm_path(1, "ack"));
  post(alarm_path(1, "ack"));
  post("/api/v1/streams/ch1/mute", mute_body());
  post("/api/v1/streams/ch1/unmute");
  Database database(folder_ + "/state.sqlite");
  std::vector<AuditEntry> entries;
  const auto read = [&] {
    entries.clear();
    return check_audit(database, [&](const AuditEntry& entry) { entries.push_back(entry); });
  };
  EXPECT_FALSE(read().broken);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].action, "acknowledge");
  EXPECT_EQ(entries[0].subject, alarm_id(1));
  EXPECT_EQ(entries[1].action, "mute");
  EXPECT_EQ(entries[1].by, "desk");
  EXPECT_EQ(Json::parse(entries[1].detail)["reason"], "works");
  EXPECT_EQ(entries[2].previous, entries[1].hash);
  // Whoever changes an entry, takes one out or changes their order is found out.
  const std::string damages[] = {"UPDATE audit SET by = 'wall' WHERE number = 2",
                                 "UPDATE audit SET detail = '{}' WHERE number = 2",
                                 "UPDATE audit SET time = time + 1 WHERE number = 2",
                                 "UPDATE audit SET number = 9 WHERE number = 2",
                                 "DELETE FROM audit WHERE number = 2"};
  for (const std::string& damage : damages) {
    database.run("BEGIN; " + damage);
    EXPECT_EQ(read().broken, 2) << damage;
    EXPECT_EQ(entries.size(), 1U);
    database.run("ROLLBACK");
  }
  EXPECT_FALSE(read().broken);
}

TEST_F(ChangesTest, WhatCannotBeKeptIsNotDone) {
  start();
  keep(1);
  wait_for_store();
  Database database(folder_ + "/state.sqlite");
  database.run("DROP TABLE audit");
  const Answer answer = post(alarm_path(1, "ack"));
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(answer.json()["error"]["code"], "store_unavailable");
  EXPECT_TRUE(store_->take_changes().empty());
  const Json alarm =
      request("GET", uri("/api/v1/alarms/" + alarm_id(1)), with_token(kViewer)).json();
  EXPECT_EQ(alarm["acknowledged"], false);
}

}  // namespace
