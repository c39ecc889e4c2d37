// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What scans found, for people: joined lines, charts, and the pages.

#include "scan/scan_page.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/program.h"
#include "scan/face_chart.h"
#include "scan/html.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::ChartFrame;
using dfd::monitor::ChartPoint;
using dfd::monitor::JoinedFile;
using dfd::monitor::JoinedResults;
using dfd::monitor::ScanPage;
using dfd::monitor::Standing;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::scratch;
using dfd::monitor::test::succeeds;

TEST(Html, LeavesNothingOfAName) {
  EXPECT_EQ(dfd::monitor::escaped("<a href='x'>&\"</a>"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
  EXPECT_EQ(dfd::monitor::escaped("a\u202egpj.mp4\x01\n\u2028"),
            "a\\u{202e}gpj.mp4\\u{1}\\u{a}\\u{2028}");
  EXPECT_EQ(dfd::monitor::escaped("f\u00fcr \u4e2d\xff"), "f\u00fcr \u4e2d\ufffd");
}

TEST(Html, TellsTimesAsClocksDo) {
  EXPECT_EQ(dfd::monitor::clock_time(0.04), "0:00.0");
  EXPECT_EQ(dfd::monitor::clock_time(59.96), "1:00.0");
  EXPECT_EQ(dfd::monitor::clock_time(3723.45), "1:02:03.5");
  EXPECT_EQ(dfd::monitor::clock_time(-1e300), "0:00.0");
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    ++count;
  }
  return count;
}

TEST(FaceChart, DrawsNoLineOverTimesOfWhichNobodyKnows) {
  std::vector<ChartPoint> points;
  for (const double time : {1, 2, 3, 20, 21, 40}) points.push_back({time, 0.5});
  const std::string svg = dfd::monitor::sparkline(points, ChartFrame{50, 0.7});
  const std::string curve = svg.substr(svg.find("class=\"curve\""));
  EXPECT_EQ(count_of(curve, "M"), 3U);
  EXPECT_EQ(count_of(curve, "h0"), 1U);
}

TEST(FaceChart, LeavesOutWhatIsNoPoint) {
  const auto points = dfd::monitor::chart_points(dfd::monitor::Json::parse(
      R"({"series":[[1,0.5],[2,1.5],[0,0.5],["3",0.5],[4],7,null,[5,0.25],[-1,0]]})"));
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].probability, 0.25);
  EXPECT_TRUE(dfd::monitor::chart_points(dfd::monitor::Json::parse(R"({"series":3})")).empty());
  EXPECT_TRUE(dfd::monitor::chart_points(dfd::monitor::Json::parse("[]")).empty());
}

std::string file_line(const std::string& path, const std::string& verdict, double probability) {
  Json face = {{"track_id", 1}, {"verdict", verdict}, {"begin_s", 0}, {"end_s", 8}};
  face["series"] = {{1, probability}, {2, probability / 2}};
  return Json{{"type", "file"},   {"path", path},     {"verdict", verdict},
              {"reason", "none"}, {"threshold", 0.7}, {"probability", probability},
              {"duration_s", 8},  {"tracks", 1},      {"faces", {face}}}
             .dump() +
         "\n";
}

std::string failed_line(const std::string& path, const std::string& text) {
  return Json{{"type", "file"}, {"path", path}, {"error", {{"reason", "decode"}, {"text", text}}}}
             .dump() +
         "\n";
}

std::string summary_line(const std::string& shard = "", int remaining = 0) {
  Json line = {{"type", "summary"}, {"remaining", remaining}};
  if (!shard.empty()) line["shard"] = shard;
  return line.dump() + "\n";
}

std::string written(const std::string& name, const std::string& text) {
  const std::string path = scratch("scan_page_" + name + ".jsonl");
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

JoinedResults joined(const std::vector<std::string>& texts) {
  JoinedResults results;
  int number = 0;
  for (const std::string& text : texts) {
    results.add(written("joined" + std::to_string(number++), text));
  }
  return results;
}

TEST(JoinedResults, HaveTheWorstFirst) {
  const auto results = joined(
      {file_line("a", "authentic", 0.1) + file_line("b", "manipulated", 0.8) + summary_line(),
       file_line("c", "undecided", 0.7) + failed_line("d", "cut") +
           file_line("e", "manipulated", 0.9) + file_line("f", "manipulated", 0.8) +
           summary_line()});
  std::string order;
  for (const JoinedFile& file : results.worst_first()) order += file.path;
  EXPECT_EQ(order, "ebfdca");
  EXPECT_TRUE(results.gaps().empty());
}

TEST(JoinedResults, OfAPathTheLastLineCounts) {
  const auto results = joined({file_line("a", "authentic", 0.1) + summary_line(),
                               file_line("a", "manipulated", 0.9) + summary_line()});
  ASSERT_EQ(results.worst_first().size(), 1U);
  EXPECT_EQ(results.worst_first()[0].standing, Standing::kManipulated);
}

TEST(JoinedResults, SayWhatIsMissing) {
  const auto gaps = joined({file_line("a", "authentic", 0.1) + summary_line("0/3", 2),
                            "{\"type\":\"file\"}\n" + file_line("b", "authentic", 0.1) +
                                summary_line("1/3") + R"({"type":"file","pa)"})
                        .gaps();
  ASSERT_EQ(gaps.size(), 4U);
  EXPECT_EQ(gaps[0], "2 files were not looked at: the scan was stopped");
  EXPECT_NE(gaps[1].find("joined1.jsonl does not end with a summary"), std::string::npos);
  EXPECT_EQ(gaps[2], "of 3 shards there are 2");
  EXPECT_EQ(gaps[3], "2 lines are damaged, and left out");
  // A scan that was taken up again is whole.
  EXPECT_TRUE(joined({file_line("a", "authentic", 0.1) + summary_line("", 2) +
                      file_line("b", "authentic", 0.1) + summary_line()})
                  .gaps()
                  .empty());
}

// The paths on the pages, once these are found to be whole and harmless.
std::vector<std::string> paths_on(const std::string& folder) {
  const std::string out = scratch("scan_page.out");
  const std::string command = "/usr/bin/python3 '" DFD_SOURCE
                              "/tests/checks/check_scan_page.py' '" +
                              folder + "' >'" + out + "'";
  EXPECT_TRUE(succeeds(command));
  return Json::parse(content_of(out)).get<std::vector<std::string>>();
}

TEST(ScanPage, HoldsEachFileInParts) {
  constexpr std::size_t kFiles = 1201;
  std::string text;
  for (std::size_t i = 0; i < kFiles; ++i) {
    text += file_line("clip" + std::to_string(i), i == 900 ? "manipulated" : "authentic",
                      static_cast<double>(i) / kFiles);
  }
  const std::string folder = empty_folder("scan_page_parts");
  const ScanPage page(joined({text + summary_line()}));
  EXPECT_EQ(page.parts(), 3U);
  write_page(page, folder);
  const auto paths = paths_on(folder);
  ASSERT_EQ(paths.size(), kFiles);
  EXPECT_EQ(paths[0], "clip900");
  EXPECT_EQ(paths[1], "clip1200");
  EXPECT_EQ(paths[kFiles - 1], "clip0");
  EXPECT_NE(content_of(folder + "/index-3.html").find("part 3 of 3"), std::string::npos);

  // A shorter page leaves nothing of a longer one.
  write_page(ScanPage(joined({file_line("one", "authentic", 0.1) + summary_line()})), folder);
  EXPECT_EQ(paths_on(folder), std::vector<std::string>{"one"});
  EXPECT_FALSE(fs::exists(folder + "/index-2.html"));
  EXPECT_FALSE(fs::exists(folder + "/index-3.html"));
}

TEST(ScanPage, ShowsHostileNamesAndRunsNothing) {
  const std::string name = "<script>alert(1)</script>\"' onload=x &amp; ]]> \u202egpj.mp4";
  Json bad = Json::parse(file_line(name + "2", name, 0.5));
  bad["verdict"] = "undecided";
  for (const char* field : {"reason", "model_id", "sha256", "path_hex"}) bad[field] = name;
  bad.erase("path_hex");
  bad["faces"][0]["verdict"] = name;
  bad["faces"][0]["evidence"] = name;
  bad["faces"].push_back(3);
  bad["threshold"] = -7;
  bad["modified_ns"] = 9'000'000'000'000'000'000;
  const std::string folder = empty_folder("scan_page_hostile");
  write_page(ScanPage(joined({file_line(name, "manipulated", 0.9) + bad.dump() + "\n" +
                              failed_line("x", name) + summary_line()})),
             folder);
  const auto paths = paths_on(folder);
  ASSERT_EQ(paths.size(), 3U);
  EXPECT_EQ(paths[0], "<script>alert(1)</script>\"' onload=x &amp; ]]> \\u{202e}gpj.mp4");
}

TEST(ScanPage, HasThePicturesThatAreThere) {
  const std::string digits = "0123456789abcdef0123456789abcdef";
  const std::string from = empty_folder("scan_page_from");
  std::ofstream(from + "/" + digits + "-1.jpg") << "face";
  std::ofstream(from + "/" + digits + "-2.jpg") << "of nobody here";
  std::ofstream(from + "/secret.jpg") << "secret";
  fs::create_symlink(from + "/secret.jpg", from + "/" + digits + "-1-heatmap.jpg");
  Json good = Json::parse(file_line("good", "manipulated", 0.9));
  good["faces"][0]["picture"] = digits + "-1.jpg";
  good["faces"][0]["heatmap"] = digits + "-1-heatmap.jpg";
  Json bad = Json::parse(file_line("bad", "manipulated", 0.8));
  bad["faces"][0]["picture"] = "secret.jpg";
  bad["faces"][0]["heatmap"] = "../scan_page_from/secret.jpg";
  const std::string lines =
      written("pictures", good.dump() + "\n" + bad.dump() + "\n" + summary_line());
  const std::string folder = empty_folder("scan_page_pictures");
  EXPECT_EQ(Program({"scan-page", lines, "-o", folder, "--pictures", from}).wait(), 0);
  EXPECT_EQ(paths_on(folder), (std::vector<std::string>{"good", "bad"}));
  EXPECT_EQ(count_of(content_of(folder + "/index.html"), "<img "), 1U);
  EXPECT_EQ(content_of(folder + "/pictures/" + digits + "-1.jpg"), "face");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder + "/pictures"), {}), 1);
  // Made anew without, it shows none and keeps none.
  EXPECT_EQ(Program({"scan-page", lines, "-o", folder}).wait(), 0);
  EXPECT_EQ(count_of(content_of(folder + "/index.html"), "<img "), 0U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder + "/pictures"), {}), 0);
}

TEST(ScanPage, SaysWhatIsMissing) {
  const std::string folder = empty_folder("scan_page_gaps");
  write_page(ScanPage(joined({summary_line("", 3)})), folder);
  EXPECT_TRUE(paths_on(folder).empty());
  EXPECT_NE(content_of(folder + "/index.html").find("3 files were not looked at"),
            std::string::npos);
}

TEST(ScanPage, IsWrittenByTheProgram) {
  const std::string folder = empty_folder("scan_page_program");
  const std::string lines = written("program", file_line("a", "manipulated", 0.9) + summary_line());
  EXPECT_EQ(Program({"scan-page", lines, lines, "-o", folder}).wait(), 0);
  EXPECT_EQ(paths_on(folder), std::vector<std::string>{"a"});
  EXPECT_EQ(Program({"scan-page", lines}).wait(), 2);
  EXPECT_EQ(Program({"scan-page", "-o", folder}).wait(), 2);
  const std::string other = written("other", "Not of a scan.\n");
  for (const std::string& wrong : {std::string("/nowhere.jsonl"), scratch(""), other}) {
    Program program({"scan-page", wrong, "-o", folder});
    EXPECT_EQ(program.wait(), 1);
    EXPECT_NE(program.err().find(wrong), std::string::npos) << program.err();
  }
  EXPECT_EQ(Program({"scan-page", lines, "-o", lines}).wait(), 1);
}

}  // namespace
