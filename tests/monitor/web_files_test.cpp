// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Evidence and pictures over HTTP: what is served, and what never is.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "monitor/program.h"
#include "monitor/web_client.h"
#include "monitor/web_fixture.h"
#include "store/evidence_files.h"
#include "web/byte_range.h"
#include "web/file_feed.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::ByteRange;
using dfd::monitor::Database;
using dfd::monitor::EvidenceFile;
using dfd::monitor::parse_range;
using dfd::monitor::sha256_of;
using dfd::monitor::StreamStatus;
using dfd::monitor::test::Answer;
using dfd::monitor::test::answer_to;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Json;
using dfd::monitor::test::request;
using dfd::monitor::test::stream_status;
using dfd::monitor::test::WebClient;

TEST(ByteRange, IsOneOrNone) {
  struct Row {
    std::string header;
    ByteRange::Kind kind;
    std::int64_t begin;
    std::int64_t length;
  };
  using Kind = ByteRange::Kind;
  const std::vector<Row> table = {{"", Kind::kWhole, 0, 100},
                                  {"bytes=0-0", Kind::kPart, 0, 1},
                                  {"bytes=10-19", Kind::kPart, 10, 10},
                                  {"bytes=10-", Kind::kPart, 10, 90},
                                  {"bytes=10-1000", Kind::kPart, 10, 90},
                                  {"bytes=-10", Kind::kPart, 90, 10},
                                  {"bytes=-1000", Kind::kPart, 0, 100},
                                  {"bytes=99-", Kind::kPart, 99, 1},
                                  {"bytes=100-", Kind::kOutside, 0, 0},
                                  {"bytes=100-200", Kind::kOutside, 0, 0},
                                  {"bytes=-0", Kind::kOutside, 0, 0},
                                  {"bytes=0-1,2-3", Kind::kWhole, 0, 100},
                                  {"bytes=0-1, bytes=2-3", Kind::kWhole, 0, 100},
                                  {"bytes=19-10", Kind::kWhole, 0, 100},
                                  {"bytes=-", Kind::kWhole, 0, 100},
                                  {"bytes=", Kind::kWhole, 0, 100},
                                  {"bytes=a-b", Kind::kWhole, 0, 100},
                                  {"bytes=1--2", Kind::kWhole, 0, 100},
                                  {"bytes=+1-2", Kind::kWhole, 0, 100},
                                  {"bytes=0x1-2", Kind::kWhole, 0, 100},
                                  {"bytes=99999999999999999999-", Kind::kWhole, 0, 100},
                                  {"bytes=0-99999999999999999999", Kind::kWhole, 0, 100},
                                  {"items=0-1", Kind::kWhole, 0, 100},
                                  {"bytes 0-1", Kind::kWhole, 0, 100}};
  for (const Row& row : table) {
    const ByteRange range = parse_range(row.header, 100);
    EXPECT_EQ(range.kind, row.kind) << row.header;
    EXPECT_EQ(range.begin, row.begin) << row.header;
    EXPECT_EQ(range.length, row.length) << row.header;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::kOutside);
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, Kind::kOutside);
}

class WebFilesTest : public dfd::monitor::test::WebFixture {
 protected:
  void start_with_alarm() {
    start();
    keep(1);
    wait_for_store();
    fs::create_directories(folder_ + "/evidence/ch1");
  }
  // A row of alarm 1.
  void add_row(const std::string& name, const std::string& path) {
    Database database(folder_ + "/state.sqlite");
    write_evidence(database, alarm_id(1), {name, path, 1, sha256_of(name)});
  }
  void add_file(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/evidence/ch1/" + name) << content;
    add_row(name, "evidence/ch1/" + name);
  }
  std::string evidence(const std::string& name) {
    return uri("/api/v1/alarms/" + alarm_id(1) + "/evidence/" + name);
  }
};

TEST_F(WebFilesTest, EvidenceIsListedAndServed) {
  start_with_alarm();
  add_file("clip.mp4", "0123456789");
  add_file("best.jpg", "a picture");
  const Json alarm = request("GET", uri("/api/v1/alarms/" + alarm_id(1))).json();
  ASSERT_EQ(alarm["evidence"].size(), 2U) << alarm;
  EXPECT_EQ(alarm["evidence"][1]["name"], "clip.mp4");
  EXPECT_EQ(alarm["evidence"][1]["sha256"], sha256_of("clip.mp4"));
  const Answer clip = request("GET", evidence("clip.mp4"));
  EXPECT_EQ(clip.status, 200);
  EXPECT_EQ(clip.body, "0123456789");
  EXPECT_EQ(clip.header("content-type"), "video/mp4");
  EXPECT_EQ(clip.header("accept-ranges"), "bytes");
  EXPECT_EQ(clip.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(request("GET", evidence("best.jpg")).header("content-type"), "image/jpeg");
  const Answer head = request("HEAD", evidence("clip.mp4"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "10");
  EXPECT_EQ(request("POST", evidence("clip.mp4")).status, 401);
}

TEST_F(WebFilesTest, PartsOfEvidenceAreServed) {
  start_with_alarm();
  add_file("clip.mp4", "0123456789");
  const auto part = [&](const std::string& range, const std::string& more = "") {
    std::vector<std::pair<std::string, std::string>> headers = {{"Range", range}};
    if (!more.empty()) headers.emplace_back("If-Range", more);
    return request("GET", evidence("clip.mp4"), {headers, ""});
  };
  const Answer middle = part("bytes=2-4");
  EXPECT_EQ(middle.status, 206);
  EXPECT_EQ(middle.body, "234");
  EXPECT_EQ(middle.header("content-range"), "bytes 2-4/10");
  EXPECT_EQ(part("bytes=-2").body, "89");
  EXPECT_EQ(part("bytes=10-").status, 416);
  EXPECT_EQ(part("bytes=10-").header("content-range"), "bytes */10");
  EXPECT_EQ(part("bytes=0-1,3-4").status, 200);
  EXPECT_EQ(part("bytes=0-1", middle.header("etag")).status, 206);
  EXPECT_EQ(part("bytes=0-1", "\"another\"").status, 200);
}

TEST_F(WebFilesTest, OnlyFilesOfARowAreServedAndNoLinks) {
  start_with_alarm();
  std::ofstream(folder_ + "/evidence/ch1/unknown.jpg") << "secret";
  std::ofstream(folder_ + "/secret") << "secret";
  fs::create_symlink("../../secret", folder_ + "/evidence/ch1/link.jpg");
  fs::create_directory_symlink("ch1", folder_ + "/evidence/linked");
  fs::create_directory(folder_ + "/evidence/ch1/folder.jpg");
  mkfifo((folder_ + "/evidence/ch1/pipe.jpg").c_str(), 0600);
  add_row("link.jpg", "evidence/ch1/link.jpg");
  add_row("linked.jpg", "evidence/linked/unknown.jpg");
  add_row("folder.jpg", "evidence/ch1/folder.jpg");
  add_row("pipe.jpg", "evidence/ch1/pipe.jpg");
  add_row("gone.jpg", "evidence/ch1/gone.jpg");
  add_row("up.jpg", "../" + fs::path(folder_).filename().string() + "/secret");
  add_row("dot.jpg", "./secret");
  add_row("root.jpg", folder_ + "/secret");
  add_row("empty.jpg", "");
  for (const std::string name :
       {"link.jpg", "linked.jpg", "folder.jpg", "pipe.jpg", "gone.jpg", "up.jpg", "dot.jpg",
        "root.jpg", "empty.jpg", "unknown.jpg", "..", "../../../secret", "%2e%2e%2fsecret", ""}) {
    const std::string answer =
        answer_to(port(), "GET /api/v1/alarms/" + alarm_id(1) + "/evidence/" + name +
                              " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 404") << name;
    EXPECT_EQ(answer.find("secret"), std::string::npos) << name;
  }
  EXPECT_EQ(request("GET", uri("/api/v1/alarms/none/evidence/link.jpg")).status, 404);
}

TEST_F(WebFilesTest, LongFilesComePieceByPiece) {
  start_with_alarm();
  std::string content;
  while (content.size() < 3000000) content += std::to_string(content.size()) + ",";
  add_file("clip.ts", content);
  EXPECT_EQ(request("GET", evidence("clip.ts")).body, content);
  const Answer end = request("GET", evidence("clip.ts"), {{{"Range", "bytes=100000-2900000"}}, ""});
  EXPECT_EQ(end.body, content.substr(100000, 2800001));
}

TEST_F(WebFilesTest, WhoTakesNothingOfAFileIsCutOff) {
  settings_.limits.write = 300ms;
  settings_.limits.connections = 1;
  start_with_alarm();
  // Nothing of it is on the disk, and more than any kernel takes for a reader.
  const std::string path = folder_ + "/evidence/ch1/clip.ts";
  std::ofstream(path) << "x";
  fs::resize_file(path, 100000000);
  add_row("clip.ts", "evidence/ch1/clip.ts");
  WebClient reader(port());
  reader.send("GET /api/v1/alarms/" + alarm_id(1) +
              "/evidence/clip.ts HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reader.reads("video/mp2t"));
  // His place is another one's then.
  EXPECT_TRUE(comes_true([&] { return request("GET", uri("/")).status == 200; }));
  EXPECT_TRUE(reader.is_ended());
  EXPECT_LT(reader.read().size(), 100000000U);
}

TEST_F(WebFilesTest, AFileThatWasCutEndsTheAnswer) {
  start_with_alarm();
  add_file("clip.ts", std::string(50000000, 'x'));
  WebClient reader(port());
  reader.send("GET /api/v1/alarms/" + alarm_id(1) +
              "/evidence/clip.ts HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(reader.reads("video/mp2t"));
  fs::resize_file(folder_ + "/evidence/ch1/clip.ts", 0);
  EXPECT_TRUE(reader.is_ended());
  EXPECT_LT(reader.read().size(), 50000000U);
  EXPECT_EQ(request("GET", uri("/healthz")).status, 200);
}

TEST_F(WebFilesTest, APictureIsThereWhileSomebodySeesTheStream) {
  start();
  const std::string thumbnail = uri("/api/v1/streams/ch1/thumbnail.jpg");
  board_.put(dfd::monitor::now(), {stream_status("ch1")});
  EXPECT_EQ(request("GET", thumbnail).status, 404);
  board_.put_picture("ch1",
                     {std::make_shared<const std::string>("a jpeg"), dfd::monitor::now().wall});
  const Answer picture = request("GET", thumbnail);
  EXPECT_EQ(picture.status, 200);
  EXPECT_EQ(picture.body, "a jpeg");
  EXPECT_EQ(picture.header("content-type"), "image/jpeg");
  const std::string tag = picture.header("etag");
  const Answer same = request("GET", thumbnail, {{{"If-None-Match", tag}}, ""});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  board_.put_picture(
      "ch1", {std::make_shared<const std::string>("another"), dfd::monitor::now().wall + 1s});
  EXPECT_EQ(request("GET", thumbnail, {{{"If-None-Match", tag}}, ""}).body, "another");
  StreamStatus down = stream_status("ch1");
  down.live = false;
  board_.put(dfd::monitor::now(), {down});
  EXPECT_EQ(request("GET", thumbnail).status, 404);
  board_.put_picture("none", {std::make_shared<const std::string>("x"), dfd::monitor::now().wall});
  EXPECT_EQ(request("GET", uri("/api/v1/streams/none/thumbnail.jpg")).status, 404);
}

}  // namespace
