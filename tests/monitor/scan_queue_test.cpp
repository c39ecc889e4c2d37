// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Scans that share a queue of NATS: the program beside a real server.

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/secrets.h"
#include "media_servers.h"
#include "nats_credentials.h"
#include "program.h"
#include "queue_server.h"
#include "scan/queue_address.h"
#include "scan/queue_message.h"
#include "web_fixture.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::ListedFile;
using dfd::monitor::parse_queue_address;
using dfd::monitor::queue_message;
using dfd::monitor::queue_message_id;
using dfd::monitor::QueueAddress;
using dfd::monitor::read_queue_message;
using dfd::monitor::test::certificate;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::free_port;
using dfd::monitor::test::Json;
using dfd::monitor::test::lines_of;
using dfd::monitor::test::make_nats_credentials;
using dfd::monitor::test::Program;
using dfd::monitor::test::QueueClient;
using dfd::monitor::test::QueueServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::write_clip;

// For tests in which nobody dies.
constexpr std::int64_t kAckWaitMs = 30'000;
// For those in which somebody does: longer than a loaded machine holds up a thread.
constexpr std::int64_t kShortAckWaitMs = 1'000;
constexpr int kMaxDeliver = 6;

std::string new_port() { return free_port(G_SOCKET_TYPE_STREAM); }

// A second of a moving picture, made once.
std::string short_clip() {
  const std::string path = scratch("queue_short.mkv");
  if (!fs::exists(path)) write_clip(path, "matroskamux", 25);
  return path;
}

// So many copies of it.
std::vector<std::string> clips(const fs::path& folder, int count) {
  std::vector<std::string> paths;
  for (int i = 0; i < count; ++i) {
    paths.push_back((folder / (std::to_string(i) + ".mkv")).string());
    fs::copy_file(short_clip(), paths.back());
  }
  return paths;
}

// Takes some claims long where each picture is looked at.
std::string long_clip() {
  const std::string path = scratch("queue_long.h264");
  if (!fs::exists(path)) {
    const std::string clip = content_of(forged_clip());
    std::ofstream stream(path, std::ios::binary);
    for (int i = 0; i < 3; ++i) stream << clip;
  }
  return path;
}

std::vector<std::string> worker(const QueueServer& server, const std::string& output,
                                const std::vector<std::string>& more = {"--until-empty"}) {
  std::vector<std::string> words = {"scan", "--queue", server.uri(), "-o", output};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Of all files of results in the folder: lines of each path.
std::map<std::string, std::vector<Json>> judged(const fs::path& folder) {
  std::map<std::string, std::vector<Json>> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    for (const Json& line : lines_of(content_of(entry.path().string()))) {
      if (line["type"] == "file") files[line["path"]].push_back(line);
    }
  }
  return files;
}

Json summary_of(const std::string& file) {
  const std::vector<Json> lines = lines_of(content_of(file));
  return lines.empty() ? Json() : lines.back();
}

bool says(const Program& program, const std::string& words) {
  return program.err().find(words) != std::string::npos;
}

TEST(QueueAddress, IsReadFromAUri) {
  const QueueAddress whole = parse_queue_address("tls://[::1]:4333/A_1/b-2", "");
  EXPECT_EQ(whole.server, "nats://[::1]:4333");
  EXPECT_TRUE(whole.tls);
  EXPECT_EQ(whole.stream, "A_1");
  EXPECT_EQ(whole.consumer, "b-2");
  const QueueAddress brief = parse_queue_address("nats://queue/SCAN", "");
  EXPECT_EQ(brief.server, "nats://queue:4222");
  EXPECT_FALSE(brief.tls);
  EXPECT_EQ(brief.consumer, "scan");
  for (const char* wrong :
       {"", "SCAN", "nats://", "nats://host", "nats://host/", "nats:///SCAN", "http://host/SCAN",
        "nats://host/SCAN/", "nats://host/SCAN/a/b", "nats://host/A.B", "nats://host/A*",
        "nats://host/A%20B", "nats://host/SCAN?a=b", "nats://host/SCAN#a", "nats://host:x/SCAN"}) {
    EXPECT_THROW(parse_queue_address(wrong, ""), std::invalid_argument) << wrong;
  }
}

TEST(QueueAddress, KeepsSecretsToItself) {
  try {
    parse_queue_address("nats://user:hush@host/SCAN", "");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find("hush"), std::string::npos);
  }
  setenv("QUEUE_TEST", "me:hushed", 1);
  const auto both = parse_queue_address("nats://host/SCAN", "env:QUEUE_TEST").credentials;
  EXPECT_EQ(both.user + " " + both.password, "me hushed");
  EXPECT_EQ(dfd::monitor::masked("say hushed"), "say ***");
  setenv("QUEUE_TEST", "onlytoken", 1);
  const auto token = parse_queue_address("nats://host/SCAN", "env:QUEUE_TEST").credentials;
  EXPECT_EQ(token.user + " " + token.password, " onlytoken");
  for (const char* wrong : {"", ":", "me:", ":secret"}) {
    setenv("QUEUE_TEST", wrong, 1);
    EXPECT_THROW(parse_queue_address("nats://host/SCAN", "env:QUEUE_TEST"), std::invalid_argument)
        << wrong;
  }
}

TEST(QueueAddress, NamesAFileOfNatsOwnCredentials) {
  const std::string first = "-----BEGIN NATS USER JWT-----";
  const std::string path = scratch("queue_user.creds");
  std::ofstream(path) << first << "\nhush\n";
  const QueueAddress address = parse_queue_address("nats://host/SCAN", "file:" + path);
  EXPECT_EQ(address.credentials_file, path);
  EXPECT_EQ(address.credentials.user + address.credentials.password, "");
  // In a variable it is no file.
  setenv("QUEUE_TEST", (first + "\nhush\n").c_str(), 1);
  try {
    parse_queue_address("nats://host/SCAN", "env:QUEUE_TEST");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("file:PATH"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find("hush"), std::string::npos) << error.what();
  }
}

TEST(QueueMessage, NamesAFile) {
  for (const std::string path : {"/a b/c\xff\n.mp4", "/d"}) {
    for (const bool named : {true, false}) {
      const ListedFile read = read_queue_message(queue_message({path, named, ""}));
      EXPECT_EQ(read.path, path);
      EXPECT_EQ(read.named, named);
    }
  }
  EXPECT_EQ(read_queue_message(R"({"uri": "file:///a%20b", "job": 7})").path, "/a b");
}

TEST(QueueMessage, IsRefusedWhereItNamesNone) {
  for (const std::string& wrong :
       std::vector<std::string>{"",
                                "/a.mp4",
                                "\"/a.mp4\"",
                                "[]",
                                "{}",
                                "{",
                                "null",
                                R"({"path": 1})",
                                R"({"path": ""})",
                                R"({"path": "a.mp4"})",
                                R"({"path": "/a\u0000b"})",
                                R"({"path_hex": "zz"})",
                                R"({"path_hex": 1})",
                                R"({"uri": "http://host/a.mp4"})",
                                R"({"uri": "file://host/a"})",
                                R"({"uri": 1})",
                                R"({"path": "/a", "skip_if_no_video": 1})",
                                R"({"path": "/)" + std::string(5000, 'a') + "\"}",
                                std::string("\xff\0{", 3),
                                std::string(100'000, '[')}) {
    EXPECT_THROW(read_queue_message(wrong), std::invalid_argument) << wrong;
  }
}

TEST(QueueMessage, HasTheSameIdAsLongAsTheFileIsTheSame) {
  const std::string path = (fs::path(empty_folder("queue_id")) / "file").string();
  std::ofstream(path) << "one";
  const std::string id = queue_message_id({path, true, ""});
  EXPECT_EQ(id, queue_message_id({path, false, ""}));
  std::ofstream(path) << "three";
  EXPECT_NE(id, queue_message_id({path, true, ""}));
  EXPECT_NE(id, queue_message_id({path + "2", true, ""}));
}

TEST(ScanQueue, IsFilledOnceAndSharedByWorkers) {
  const QueueServer server(new_port());
  const fs::path folder = empty_folder("queue_shared");
  const fs::path results = empty_folder("queue_shared_results");
  clips(folder, 6);
  std::ofstream(folder / "notes.txt") << "No video.\n";
  Program first({"scan-enqueue", server.uri(), folder.string()});
  EXPECT_EQ(first.wait(), 0);
  EXPECT_TRUE(says(first, "7 files put into SCAN, 0 "));
  Program again({"scan-enqueue", server.uri(), folder.string()});
  EXPECT_EQ(again.wait(), 0);
  EXPECT_TRUE(says(again, "0 files put into SCAN, 7 "));
  Program one(worker(server, results.string()));
  Program other(worker(server, results.string(), {"--until-empty", "--jobs", "2"}));
  // No face, or nothing at all where the other one was faster.
  for (Program* program : {&one, &other}) {
    const int code = program->wait();
    EXPECT_TRUE(code == 11 || code == 0) << program->err();
  }
  const auto files = judged(results);
  EXPECT_EQ(files.size(), 6U);
  for (const auto& [path, lines] : files) EXPECT_EQ(lines.size(), 1U) << path;
}

TEST(ScanQueue, AMessageThatNamesNoFileIsCountedAndGone) {
  const QueueServer server(new_port());
  QueueClient client(server, kAckWaitMs, kMaxDeliver);
  const std::string output = (fs::path(empty_folder("queue_refused")) / "lines").string();
  for (const std::string message : {"", "{\"path\": \"../up.mp4\"}", "\x1b[31m{{{"}) {
    client.put(message);
  }
  client.put(queue_message({short_clip(), true, ""}));
  Program program(worker(server, output));
  EXPECT_EQ(program.wait(), 20);
  EXPECT_EQ(summary_of(output)["refused"], 3);
  EXPECT_TRUE(says(program, "refused: its path does not begin with /: {\"path\": \"../up.mp4\"}"));
  EXPECT_EQ(program.err().find('\x1b'), std::string::npos);
  EXPECT_EQ(client.waiting(), 0U);
}

TEST(ScanQueue, ALongFileStaysWithItsWorkerAndThatOfADeadOneGoesOn) {
  const QueueServer server(new_port());
  QueueClient client(server, kShortAckWaitMs, kMaxDeliver);
  const fs::path results = empty_folder("queue_killed");
  const std::vector<std::string> looks_at_all = {"--sample-rate", "25/1"};
  client.put(queue_message({long_clip(), true, ""}));
  {
    Program dead(worker(server, results.string(), looks_at_all));
    ASSERT_TRUE(comes_true([&] { return client.in_hand() == 1; }));
    dead.kill();
  }
  EXPECT_EQ(client.waiting(), 1U);
  std::vector<std::string> until_empty = looks_at_all;
  until_empty.push_back("--until-empty");
  Program heir(worker(server, results.string(), until_empty));
  ASSERT_TRUE(comes_true([&] { return client.in_hand() == 1; }));
  // Does nothing but wait for it.
  Program idle(worker(server, results.string(), until_empty));
  EXPECT_EQ(heir.wait() + idle.wait(), 10) << heir.err() << idle.err();
  EXPECT_EQ(judged(results)[long_clip()].size(), 1U);
  EXPECT_EQ(client.waiting(), 0U);
}

TEST(ScanQueue, AServerThatGoesAndComesLosesNothing) {
  QueueServer server(new_port());
  const fs::path results = empty_folder("queue_away");
  const std::string first = long_clip();
  const std::string second = short_clip();
  {
    QueueClient client(server, kAckWaitMs, kMaxDeliver);
    client.put(queue_message({first, true, ""}));
  }
  Program program(worker(server, results.string(), {"--sample-rate", "25/1"}));
  // Connected, with the file in hand or about to have it.
  ASSERT_TRUE(comes_true([&] { return says(program, "files from the queue"); }));
  ASSERT_TRUE(comes_true([&] {
    const auto size = [](const auto& entry) { return fs::exists(entry.path()); };
    return std::any_of(fs::directory_iterator(results), fs::directory_iterator(), size);
  }));
  server.kill();
  ASSERT_TRUE(comes_true([&] { return says(program, "is away, and is waited for"); }));
  server.start();
  ASSERT_TRUE(comes_true([&] { return says(program, "is back"); }));
  Program filler({"scan-enqueue", server.uri(), second});
  EXPECT_EQ(filler.wait(), 0) << filler.err();
  EXPECT_TRUE(comes_true([&] { return judged(results).size() == 2; }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 10) << program.err();
  auto files = judged(results);
  EXPECT_EQ(files[first].size(), 1U);
  EXPECT_EQ(files[second].size(), 1U);
  Program late(worker(server, results.string()));
  EXPECT_EQ(late.wait(), 0);
}

TEST(ScanQueue, WhatCannotBeReadIsTriedAgainAndThenSaid) {
  const QueueServer server(new_port());
  QueueClient client(server, /*ack_wait_ms=*/300, /*max_deliver=*/3);
  const fs::path folder = empty_folder("queue_again");
  const std::string output = (folder / "lines").string();
  const std::string never = (folder / "never.mkv").string();
  client.put(queue_message({never, true, ""}));
  Program program(worker(server, output));
  EXPECT_EQ(program.wait(), 21);
  EXPECT_TRUE(says(program, "it is tried again later"));
  const std::vector<Json> lines = lines_of(content_of(output));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["path"], never);
  EXPECT_EQ(lines[0]["error"]["reason"], "unreadable");
  EXPECT_EQ(client.waiting(), 0U);
}

TEST(ScanQueue, AFileThatKillsItsWorkersIsGivenUp) {
  const QueueServer server(new_port());
  QueueClient client(server, /*ack_wait_ms=*/300, /*max_deliver=*/2);
  const std::string output = (fs::path(empty_folder("queue_given_up")) / "lines").string();
  client.put(queue_message({short_clip(), true, ""}));
  client.take_and_die();
  Program program(worker(server, output));
  EXPECT_EQ(program.wait(), 21);
  const std::vector<Json> lines = lines_of(content_of(output));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["error"]["text"], "given up: 1 tries came to no end");
  EXPECT_EQ(client.waiting(), 0U);
}

TEST(ScanQueue, AWorkerThatIsStoppedEndsItsFileAndLeavesTheRest) {
  const QueueServer server(new_port());
  QueueClient client(server, kAckWaitMs, kMaxDeliver);
  const fs::path results = empty_folder("queue_stopped");
  client.put(queue_message({long_clip(), true, ""}));
  Program program(worker(server, results.string(), {"--sample-rate", "25/1"}));
  ASSERT_TRUE(comes_true([&] { return client.in_hand() == 1; }));
  client.put(queue_message({short_clip(), true, ""}));
  EXPECT_EQ(program.stop(), 10) << program.err();
  EXPECT_EQ(judged(results).size(), 1U);
  EXPECT_EQ(client.waiting(), 1U);
  EXPECT_EQ(client.in_hand(), 0);
}

TEST(ScanQueue, GoesOnWithWhatItsFileHas) {
  const QueueServer server(new_port());
  QueueClient client(server, kAckWaitMs, kMaxDeliver);
  const std::string output = (fs::path(empty_folder("queue_resumed")) / "lines").string();
  const std::string message = queue_message({short_clip(), true, ""});
  for (int i = 0; i < 2; ++i) {
    client.put(message);
    Program program(worker(server, output, {"--until-empty", "--resume"}));
    EXPECT_EQ(program.wait(), 11) << program.err();
    EXPECT_EQ(lines_of(content_of(output)).size(), 2U);
  }
  EXPECT_EQ(client.waiting(), 0U);
}

TEST(ScanQueue, WantsTheRightPasswordAndSaysItToNobody) {
  const QueueServer server(new_port(), {"--user", "worker", "--pass", "hush-hush"});
  const std::string output = (fs::path(empty_folder("queue_password")) / "lines").string();
  const std::string right = scratch("queue_right");
  const std::string wrong = scratch("queue_wrong");
  std::ofstream(right) << "worker:hush-hush\n";
  std::ofstream(wrong) << "worker:not-it-at-all\n";
  Program nobody(worker(server, output));
  EXPECT_EQ(nobody.wait(), 1);
  Program refused(
      worker(server, output, {"--until-empty", "--queue-credentials", "file:" + wrong}));
  EXPECT_EQ(refused.wait(), 1);
  EXPECT_TRUE(says(refused, "uthoriz")) << refused.err();
  EXPECT_FALSE(says(refused, "not-it-at-all"));
  EXPECT_FALSE(fs::exists(output));
  Program taken(worker(server, output, {"--until-empty", "--queue-credentials", "file:" + right}));
  EXPECT_EQ(taken.wait(), 0) << taken.err();
  EXPECT_FALSE(says(taken, "hush"));
}

TEST(ScanQueue, TakesCredentialsOfNatsOwnForm) {
  const std::string folder = empty_folder("queue_signed");
  const auto credentials = make_nats_credentials(folder);
  const QueueServer server(new_port(), {"-c", credentials.server});
  const std::string output = folder + "/lines";
  const auto scan_with = [&](const std::string& file) {
    return Program(
        worker(server, output, {"--until-empty", "--queue-credentials", "file:" + file}));
  };
  Program taken = scan_with(credentials.user);
  EXPECT_EQ(taken.wait(), 0) << taken.err();
  // Without its key, and with one that has a letter of another.
  const std::string whole = content_of(credentials.user);
  const std::string part = folder + "/part.creds";
  std::ofstream(part) << whole.substr(0, whole.find("-----BEGIN USER"));
  Program refused = scan_with(part);
  EXPECT_EQ(refused.wait(), 1);
  EXPECT_TRUE(says(refused, "no nkey user seed found")) << refused.err();
  std::string changed = whole;
  changed.replace(changed.find("\nSU") + 5, 1, "7");
  std::ofstream(part) << changed;
  Program wrong = scan_with(part);
  EXPECT_EQ(wrong.wait(), 1);
  EXPECT_FALSE(says(wrong, changed.substr(changed.find("\nSU") + 1, 20))) << wrong.err();
}

TEST(ScanQueue, TrustsKnownAuthoritiesAlone) {
  const auto [made, key] = certificate();
  const QueueServer secured(new_port(), {"--tls", "--tlscert", made, "--tlskey", key});
  const QueueServer plain(new_port());
  const std::string output = (fs::path(empty_folder("queue_tls")) / "lines").string();
  const auto scans = [&](const std::string& uri) {
    Program program({"scan", "--queue", uri, "-o", output, "--until-empty"});
    return program.wait();
  };
  EXPECT_EQ(scans(secured.uri("tls")), 1);
  EXPECT_EQ(scans(plain.uri("tls")), 1);
  setenv("SSL_CERT_FILE", made.c_str(), 1);
  EXPECT_EQ(scans(secured.uri("tls")), 0);
  EXPECT_EQ(scans(plain.uri("tls")), 1);
  unsetenv("SSL_CERT_FILE");
}

TEST(ScanQueue, RefusesWrongArguments) {
  const std::string queue = "nats://127.0.0.1:1/SCAN";
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"scan", "--queue", queue, "a.mp4"},
                                             {"scan", "--queue", queue, "--list", "a"},
                                             {"scan", "--queue", queue, "--shard", "0/2"},
                                             {"scan", "--queue", "SCAN"},
                                             {"scan", "--queue", queue, "--queue-credentials", "a"},
                                             {"scan", "a.mp4", "--until-empty"},
                                             {"scan-enqueue", queue},
                                             {"scan-enqueue", "SCAN", "a.mp4"}}) {
    Program program(wrong);
    EXPECT_EQ(program.wait(), 2) << program.err();
  }
  Program nobody({"scan", "--queue", queue});
  EXPECT_EQ(nobody.wait(), 1);
  Program filler({"scan-enqueue", queue, "/a.mp4"});
  EXPECT_EQ(filler.wait(), 1);
}

}  // namespace
