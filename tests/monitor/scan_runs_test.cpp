// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Scans that share an archive, that are stopped, and that go on.

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "scan/progress.h"
#include "scan_program.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::progress_text;
using dfd::monitor::test::archive;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::Program;
using dfd::monitor::test::scan;
using dfd::monitor::test::scan_clips;
using dfd::monitor::test::scan_lines_of;
using dfd::monitor::test::ScanLines;
using dfd::monitor::test::Scanned;
using dfd::monitor::test::scratch;
using dfd::monitor::test::succeeds;

TEST(Scan, ShardsTogetherAreTheWhole) {
  const std::string folder = archive("shards", 6).string();
  const Scanned whole = scan({folder});
  ScanLines merged;
  for (const std::string shard : {"0/3", "1/3", "2/3"}) {
    const Scanned part = scan({folder, "--shard", shard});
    for (const auto& [path, line] : part.lines.files) {
      EXPECT_TRUE(merged.files.emplace(path, line).second) << path;
    }
  }
  EXPECT_EQ(merged.files, whole.lines.files);
}

TEST(ProgressText, LeavesOutWhatIsNotKnown) {
  const auto seconds = [](int count) { return std::chrono::seconds(count); };
  EXPECT_EQ(progress_text({0, 12, 0, seconds(5)}), "scan [" + std::string(30, '.') + "] 0/12");
  EXPECT_EQ(progress_text({6, 12, 4, seconds(60)}), "scan [" + std::string(15, '#') +
                                                        std::string(15, '.') +
                                                        "] 6/12, 4.0 files a minute, 90 s left");
  EXPECT_EQ(progress_text({100, 10100, 100, seconds(8)}),
            "scan [" + std::string(30, '.') + "] 100/10100, 12 files a second, 13 min left");
  EXPECT_EQ(progress_text({2, 2, 2, seconds(1)}),
            "scan [" + std::string(30, '#') + "] 2/2, 2.0 files a second");
  EXPECT_EQ(progress_text({0, 0, 0, seconds(0)}), "scan [" + std::string(30, '.') + "] 0/0");
}

TEST(Scan, ShowsOnATerminalHowFarItIsAndNothingOfItInALog) {
  const std::string folder = archive("terminal", 3).string();
  const std::string seen = scratch("scan_terminal.txt");
  const std::string out = scratch("scan_terminal.jsonl");
  const std::string command = "'" DFD_MONITOR "' scan '" + folder + "' -o '" + out + "'";
  fs::remove(out);
  // A terminal of its own, whose text comes out.
  succeeds("script -qec \"" + command + "\" /dev/null > '" + seen + "' < /dev/null");
  const std::string text = content_of(seen);
  const std::string clear = "\r\033[K";
  EXPECT_NE(text.find(clear + "scan ["), std::string::npos) << text;
  // Lines stand alone, and of the bar nothing stays.
  EXPECT_NE(text.find(clear + "deepfake-monitor: scan: 3/3 "), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.rfind(clear)), clear) << text;
  fs::remove(out);
  succeeds(command + " 2> '" + seen + "'");
  EXPECT_NE(content_of(seen).find("scan: 3/3 "), std::string::npos);
  EXPECT_EQ(content_of(seen).find('\r'), std::string::npos);
}

TEST(Scan, GoesOnAfterACutLine) {
  const fs::path folder = archive("cut", 4);
  const std::string out = scratch("scan_cut.jsonl");
  fs::remove(out);
  EXPECT_EQ(scan({folder.string(), "-o", out}).code, 11);
  const std::string whole = content_of(out);
  // The first line, and half of the second.
  const std::size_t first = whole.find('\n') + 1;
  std::ofstream(out, std::ios::binary) << whole.substr(0, first + 50);
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 11);
  const std::string again = content_of(out);
  EXPECT_EQ(again.substr(0, first), whole.substr(0, first));
  EXPECT_EQ(scan_lines_of(again).files, scan_lines_of(whole).files);
  EXPECT_EQ(scan_lines_of(again).summary, scan_lines_of(whole).summary);
  EXPECT_EQ(scan_lines_of(again).count, scan_lines_of(whole).count);

  // Nothing is left to do, and nothing is done twice; a file that is another one is.
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 11);
  EXPECT_EQ(scan_lines_of(content_of(out)).count, 5U);
  fs::last_write_time(folder / "1.mp4", fs::file_time_type::clock::now());
  fs::copy_file(scan_clips() / "forged.mp4", folder / "2.mp4",
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 10);
  const ScanLines changed = scan_lines_of(content_of(out));
  EXPECT_EQ(changed.count, 6U);
  EXPECT_EQ(changed.files.at((folder / "2.mp4").string())["verdict"], "manipulated");
}

// Waits until the file has a line, so that the scan is in mid-work.
bool has_line(const std::string& out) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (content_of(out).find('\n') != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

TEST(Scan, GoesOnAfterAKill) {
  const fs::path folder = archive("kill", 8);
  const std::string out = scratch("scan_kill.jsonl");
  fs::remove(out);
  Program program({"scan", folder.string(), "-o", out, "--jobs", "2"});
  ASSERT_TRUE(has_line(out));
  program.signal(SIGKILL);
  program.wait();
  const Scanned undisturbed = scan({folder.string()});
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, undisturbed.code);
  const ScanLines lines = scan_lines_of(content_of(out));
  EXPECT_EQ(lines.files, undisturbed.lines.files);
  EXPECT_EQ(lines.summary, undisturbed.lines.summary);
  EXPECT_EQ(lines.count, undisturbed.lines.count);
}

TEST(Scan, StopsAfterTheFilesThatRun) {
  const fs::path folder = archive("stop", 12);
  const std::string out = scratch("scan_stop.jsonl");
  fs::remove(out);
  Program program({"scan", folder.string(), "-o", out});
  ASSERT_TRUE(has_line(out));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 11);
  const ScanLines lines = scan_lines_of(content_of(out));
  EXPECT_EQ(lines.files.size() + lines.summary["remaining"].get<std::size_t>(), 12U);
}

// As Slurm starts it, which is not here.
TEST(Scan, TasksOfASlurmArrayShareTheFilesOut) {
  const fs::path folder = empty_folder("scan_slurm");
  fs::create_directories(folder / "clips");
  for (int i = 0; i < 4; ++i) {
    fs::copy_file(scan_clips() / "none.mp4", folder / "clips" / (std::to_string(i) + ".mp4"));
  }
  const std::string results = (folder / "results").string();
  std::string all;
  for (const std::string task : {"0", "1"}) {
    ASSERT_TRUE(succeeds("SLURM_ARRAY_TASK_ID=" + task +
                         " SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=1 "
                         "MONITOR='" DFD_MONITOR "' '" DFD_SOURCE "/pipelines/scan-slurm.sh' '" +
                         results + "' '" + (folder / "clips").string() + "'"));
    all += content_of(results + "/shard-" + task + "-of-2.jsonl");
  }
  EXPECT_EQ(scan_lines_of(all).files.size(), 4U);
  // An array with gaps does not know how many it has.
  EXPECT_FALSE(
      succeeds("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MAX=3 '" DFD_SOURCE
               "/pipelines/scan-slurm.sh' '" +
               results + "' / 2>/dev/null"));
}

TEST(Scan, TwoScansDoNotWriteOneFile) {
  const fs::path folder = archive("two", 12);
  const std::string out = scratch("scan_two.jsonl");
  fs::remove(out);
  Program program({"scan", folder.string(), "-o", out});
  ASSERT_TRUE(has_line(out));
  EXPECT_EQ(scan({folder.string(), "-o", out}).code, 1);
  program.signal(SIGTERM);
  program.wait();
}

}  // namespace
