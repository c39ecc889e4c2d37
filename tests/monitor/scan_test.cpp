// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Scans of archives: the program beside small files, and which files are whose.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/shard.h"
#include "media_servers.h"
#include "scan/file_list.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::Shard;
using dfd::monitor::test::Piece;
using dfd::monitor::test::write_transport_stream;
using Json = nlohmann::json;

std::string content_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

fs::path new_folder(const std::string& name) {
  const fs::path folder = fs::path(DFD_TEST_SCRATCH) / ("scan_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// Whole lines of files, without what is of this run alone, by path; and the summary.
struct Lines {
  std::map<std::string, Json> files;
  Json summary;
  std::size_t count = 0;
};

Lines lines_of(const std::string& text) {
  Lines lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    Json line = Json::parse(text.substr(begin, end - begin));
    line.erase("seconds");
    ++lines.count;
    if (line["type"] == "summary") {
      lines.summary = line;
    } else {
      lines.files[line["path"]] = line;
    }
  }
  return lines;
}

class Program {
 public:
  Program(const std::vector<std::string>& arguments, const fs::path& out) {
    process_ = fork();
    if (process_ != 0) return;
    std::vector<std::string> words = {DFD_MONITOR, "scan"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    if (std::freopen(out.c_str(), "w", stdout) != nullptr) execv(DFD_MONITOR, pointers.data());
    _exit(127);
  }
  // Of a process that was killed: -1.
  int wait() const {
    int status = 0;
    waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void signal(int number) const { kill(process_, number); }

 private:
  pid_t process_;
};

struct Outcome {
  int code = 0;
  Lines lines;
};

Outcome scan(const std::vector<std::string>& arguments) {
  const fs::path out = fs::path(DFD_TEST_SCRATCH) / "scan.out";
  Outcome outcome;
  outcome.code = Program(arguments, out).wait();
  outcome.lines = lines_of(content_of(out));
  return outcome;
}

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

// Made once: a clip without a face, one of a drawn face, and one of a drawn forgery.
fs::path clips() {
  const fs::path folder = fs::path(DFD_TEST_SCRATCH) / "scan_clips";
  if (fs::exists(folder / "forged.mp4")) return folder;
  fs::create_directories(folder);
  const std::string none = (folder / "none.mp4").string();
  const std::string drawn = (folder / "drawn").string();
  const bool made = succeeds(
                        "gst-launch-1.0 -q videotestsrc num-buffers=30 ! "
                        "video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! "
                        "x264enc speed-preset=ultrafast ! mp4mux ! filesink location='" +
                        none + "'") &&
                    succeeds("'" DFD_TRAINER "' synthesize --output '" + drawn +
                             "' --clips 8 --seed 2 --seconds 8 2>/dev/null");
  if (made) {
    fs::copy_file(drawn + "/YouTube-real/00000.mp4", folder / "real.mp4");
    fs::copy_file(drawn + "/Celeb-synthesis/id0_id1_0000.mp4", folder / "forged.mp4");
  }
  return folder;
}

TEST(Shards, ShareAllPathsOut) {
  constexpr std::uint64_t kShards = 7;
  constexpr int kPaths = 7000;
  std::vector<int> held(kShards);
  for (int i = 0; i < kPaths; ++i) {
    const std::string path = "archive/2026/clip" + std::to_string(i) + ".mp4";
    int holders = 0;
    for (std::uint64_t shard = 0; shard < kShards; ++shard) {
      if (!Shard{shard, kShards}.holds(path)) continue;
      ++held[shard];
      ++holders;
    }
    ASSERT_EQ(holders, 1) << path;
  }
  // Eight standard deviations.
  for (const int count : held) EXPECT_NEAR(count, 1000, 240);
}

TEST(Shards, AreTheSameOnEveryMachine) {
  EXPECT_TRUE((Shard{0, 1}.holds("a")));
  std::string seen;
  // Worked out by another program; another answer would split archives that are half scanned.
  for (const char* path : {"a", "b", "archive/clip.mp4", "\xff"}) {
    for (std::uint64_t shard = 0; shard < 5; ++shard) {
      if (Shard{shard, 5}.holds(path)) seen += std::to_string(shard);
    }
  }
  EXPECT_EQ(seen, "0410");
}

TEST(Shards, AreReadFromText) {
  const Shard shard = dfd::monitor::parse_shard("3/8");
  EXPECT_EQ(shard.index, 3U);
  EXPECT_EQ(shard.count, 8U);
  for (const char* wrong : {"", "3", "8/8", "-1/8", "3/0", "3/8x", "3/8/9", "/", "a/b"}) {
    EXPECT_THROW(dfd::monitor::parse_shard(wrong), std::invalid_argument) << wrong;
  }
}

std::optional<dfd::monitor::SlurmShard> slurm(const std::map<std::string, std::string>& variables) {
  return dfd::monitor::slurm_shard([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Shards, ComeFromSlurm) {
  EXPECT_FALSE(slurm({}));
  const std::map<std::string, std::string> array = {{"SLURM_ARRAY_TASK_ID", "5"},
                                                    {"SLURM_ARRAY_TASK_COUNT", "4"},
                                                    {"SLURM_ARRAY_TASK_MIN", "1"},
                                                    {"SLURM_ARRAY_TASK_MAX", "7"},
                                                    {"SLURM_ARRAY_TASK_STEP", "2"}};
  EXPECT_EQ(slurm(array)->shard.index, 2U);
  EXPECT_EQ(slurm(array)->shard.count, 4U);
  auto both = array;
  both.insert({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "3"}});
  EXPECT_EQ(slurm(both)->shard.index, 7U);
  EXPECT_EQ(slurm(both)->shard.count, 12U);
  // A batch script is one process, whatever it asked for.
  EXPECT_FALSE(slurm({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "3"}}));
  auto gaps = array;
  gaps["SLURM_ARRAY_TASK_COUNT"] = "3";
  EXPECT_THROW(slurm(gaps), std::invalid_argument);
}

TEST(FileList, IsSortedAndLeavesLinksAlone) {
  const fs::path folder = new_folder("list");
  fs::create_directories(folder / "b");
  std::ofstream(folder / "b" / "1") << "x";
  std::ofstream(folder / "a") << "x";
  fs::create_symlink("a", folder / "link");
  fs::create_directory_symlink(".", folder / "b" / "loop");
  const std::string name = folder.string();
  const auto files = dfd::monitor::list_files({name + "/", name + "/./a", "nowhere", name});
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{name + "/a", name + "/b/1", "nowhere"}));
  EXPECT_TRUE(files[0].named);
  EXPECT_FALSE(files[1].named);
}

TEST(Scan, AFileWithoutAFaceIsUndecided) {
  Outcome outcome = scan({(clips() / "none.mp4").string()});
  EXPECT_EQ(outcome.code, 11);
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  const Json& file = outcome.lines.files.begin()->second;
  EXPECT_EQ(file["verdict"], "undecided");
  EXPECT_EQ(file["reason"], "no-face");
  EXPECT_EQ(file["frames"], 30);
  EXPECT_EQ(file["sha256"].get<std::string>().size(), 64U);
  EXPECT_NEAR(file["duration_s"].get<double>(), 2, 0.1);
}

TEST(Scan, AFaceThatWasJudgedIsAuthentic) {
  Outcome outcome = scan({(clips() / "real.mp4").string()});
  EXPECT_EQ(outcome.code, 0);
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  EXPECT_EQ(outcome.lines.files.begin()->second["verdict"], "authentic");
  EXPECT_EQ(scan({(clips() / "real.mp4").string(), (clips() / "none.mp4").string()}).code, 11);
}

TEST(Scan, ALineHasEachFacesProbabilityOverTime) {
  const std::string path = (clips() / "forged.mp4").string();
  Outcome outcome = scan({path});
  const Json& file = outcome.lines.files[path];
  ASSERT_EQ(file["faces"].size(), file["tracks"]);
  const Json& face = file["faces"][0];
  EXPECT_EQ(face["track_id"], file["worst"]["track_id"]);
  EXPECT_EQ(face["verdict"], "manipulated");
  ASSERT_GE(face["series"].size(), 2U);
  EXPECT_LE(face["series"].size(), 100U);
  double highest = 0;
  double time = face["begin_s"];
  for (const Json& point : face["series"]) {
    EXPECT_GE(point[0].get<double>(), time);
    time = point[0];
    highest = std::max(highest, point[1].get<double>());
  }
  EXPECT_LE(time, face["end_s"].get<double>());
  EXPECT_NEAR(highest, face["probability"].get<double>(), 0.001);
}

TEST(Scan, AFolderIsReadByContentAndABrokenFileStopsNothing) {
  const fs::path folder = new_folder("folder");
  fs::copy_file(clips() / "forged.mp4", folder / "forged.txt");
  std::ofstream(folder / "notes.mp4") << "Only a text, whatever its name says.\n";
  EXPECT_EQ(scan({folder.string()}).code, 10);
  std::ofstream(folder / "broken.mp4") << content_of(clips() / "none.mp4").substr(0, 1000);
  Outcome outcome = scan({folder.string(), "--jobs", "2"});
  EXPECT_EQ(outcome.code, 20);
  ASSERT_EQ(outcome.lines.files.size(), 2U);
  const Json& forged = outcome.lines.files[(folder / "forged.txt").string()];
  EXPECT_EQ(forged["verdict"], "manipulated");
  EXPECT_GE(forged["worst"]["windows"], 1);
  EXPECT_TRUE(outcome.lines.files[(folder / "broken.mp4").string()].contains("error"));
  EXPECT_EQ(outcome.lines.summary["skipped"], 1);
  EXPECT_EQ(outcome.lines.summary["exit_code"], 20);
}

TEST(Scan, WhatWasCutOffIsNotAuthentic) {
  const fs::path folder = new_folder("truncated");
  const std::string whole = (folder / "whole.mp4").string();
  // Its index before its pictures, so that these can be cut.
  ASSERT_TRUE(succeeds("ffmpeg -v error -y -i '" + (clips() / "real.mp4").string() +
                       "' -c copy -movflags faststart '" + whole + "'"));
  const std::string content = content_of(whole);
  std::ofstream(folder / "half.mp4") << content.substr(0, content.size() / 2);
  EXPECT_EQ(scan({whole}).code, 0);
  const int code = scan({(folder / "half.mp4").string()}).code;
  EXPECT_TRUE(code == 11 || code == 21) << code;
}

TEST(Scan, SaysWhatCannotBeRead) {
  const fs::path folder = new_folder("unreadable");
  EXPECT_EQ(scan({folder.string()}).code, 21);
  std::ofstream(folder / "notes") << "text";
  const std::string named = (folder / "notes").string();
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string list = (folder / "list").string();
  std::ofstream(list) << named << "\n\n" << pipe << "\n";
  Outcome outcome = scan({"/nowhere.mp4", "--list", list});
  EXPECT_EQ(outcome.code, 21);
  EXPECT_EQ(outcome.lines.files["/nowhere.mp4"]["error"]["reason"], "unreadable");
  EXPECT_EQ(outcome.lines.files[pipe]["error"]["reason"], "unreadable");
  EXPECT_EQ(outcome.lines.files[named]["error"]["reason"], "no_video");
}

TEST(Scan, SoundAloneIsNoVideo) {
  const std::string sound = (new_folder("sound") / "sound.mp4").string();
  ASSERT_TRUE(
      succeeds("gst-launch-1.0 -q audiotestsrc num-buffers=20 ! voaacenc ! mp4mux ! "
               "filesink location='" +
               sound + "'"));
  Outcome outcome = scan({sound});
  EXPECT_EQ(outcome.code, 21);
  EXPECT_EQ(outcome.lines.files[sound]["error"]["reason"], "no_video");
}

TEST(Scan, NoPictureIsLostWhereATransportStreamChanges) {
  const fs::path folder = new_folder("changes");
  const auto piece = [&](const std::string& name, const std::string& caps) {
    const std::string path = (folder / name).string();
    EXPECT_TRUE(succeeds(
        "gst-launch-1.0 -q videotestsrc num-buffers=25 pattern=ball ! "
        "video/x-raw,format=I420," +
        caps + " ! x264enc speed-preset=ultrafast ! mpegtsmux ! filesink location='" + path + "'"));
    return content_of(path);
  };
  const std::string first = piece("first", "width=320,height=180,framerate=25/1");
  const std::map<std::string, std::string> others = {
      {"size.ts", "width=240,height=160,framerate=25/1"},
      {"rate.ts", "width=320,height=180,framerate=50/1"},
      {"shape.ts", "width=320,height=180,framerate=25/1,pixel-aspect-ratio=4/3"}};
  for (const auto& [name, caps] : others) {
    std::ofstream(folder / name, std::ios::binary) << first << piece("other", caps);
  }
  for (const char* name : {"first", "other"}) fs::remove(folder / name);
  write_transport_stream((folder / "end_of_sound.ts").string(),
                         {Piece::kWithSound, Piece::kPictures});
  write_transport_stream((folder / "late_sound.ts").string(),
                         {Piece::kPictures, Piece::kWithSound});
  write_transport_stream((folder / "end_of_data.ts").string(),
                         {Piece::kWithData, Piece::kPictures});
  const Outcome outcome = scan({folder.string()});
  ASSERT_EQ(outcome.lines.files.size(), 6U);
  for (const auto& [path, line] : outcome.lines.files) {
    EXPECT_FALSE(line.contains("error")) << line;
    EXPECT_EQ(line["frames"], 50) << path;
  }
}

// decodebin loses now and then what a demuxer says of such files.
TEST(Scan, ACutFileIsDamagedEachTimeAndNeverWaitedFor) {
  const fs::path folder = new_folder("cut");
  const std::string cut = content_of(clips() / "none.mp4").substr(0, 1000);
  constexpr std::size_t kFiles = 40;
  for (std::size_t i = 0; i < kFiles; ++i) {
    std::ofstream(folder / (std::to_string(i) + ".mp4")) << cut;
  }
  Outcome outcome = scan({folder.string(), "--jobs", "4"});
  EXPECT_EQ(outcome.code, 21);
  ASSERT_EQ(outcome.lines.files.size(), kFiles);
  for (const auto& [path, line] : outcome.lines.files) {
    EXPECT_EQ(line["error"]["reason"], "decode") << line;
  }
}

TEST(Scan, KeepsNamesThatAreNoUtf8) {
  const fs::path folder = new_folder("names");
  fs::copy_file(clips() / "none.mp4", folder / "a\xff");
  Outcome outcome = scan({folder.string()});
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  const std::string hex = outcome.lines.files.begin()->second["path_hex"];
  EXPECT_EQ(hex.substr(hex.size() - 4), "61ff");
}

TEST(Scan, AFileThatTakesTooLongFails) {
  const Outcome outcome =
      scan({(clips() / "forged.mp4").string(), "--timeout", "0.1", "--sample-rate", "25/1"});
  EXPECT_EQ(outcome.code, 21);
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  EXPECT_EQ(outcome.lines.files.begin()->second["error"]["reason"], "timeout");
}

TEST(Scan, RefusesWrongArguments) {
  EXPECT_EQ(scan({}).code, 2);
  EXPECT_EQ(scan({"a", "--shard", "4/4"}).code, 2);
  EXPECT_EQ(scan({"a", "--resume"}).code, 2);
  EXPECT_EQ(scan({"a", "--heatmaps"}).code, 2);
  EXPECT_EQ(scan({"a", "--pictures", "/proc/nowhere"}).code, 1);
  EXPECT_EQ(scan({"a", "--detect", "nothing=1"}).code, 2);
  EXPECT_EQ(scan({"a", "--detect", "model-file=/nowhere"}).code, 1);
}

fs::path archive(const std::string& name, int files) {
  const fs::path folder = new_folder(name);
  for (int i = 0; i < files; ++i) {
    fs::copy_file(clips() / "none.mp4", folder / (std::to_string(i) + ".mp4"));
  }
  return folder;
}

TEST(Scan, ShardsTogetherAreTheWhole) {
  const std::string folder = archive("shards", 6).string();
  const Outcome whole = scan({folder});
  Lines merged;
  for (const std::string shard : {"0/3", "1/3", "2/3"}) {
    const Outcome part = scan({folder, "--shard", shard});
    for (const auto& [path, line] : part.lines.files) {
      EXPECT_TRUE(merged.files.emplace(path, line).second) << path;
    }
  }
  EXPECT_EQ(merged.files, whole.lines.files);
}

TEST(Scan, GoesOnAfterACutLine) {
  const fs::path folder = archive("cut", 4);
  const std::string out = (folder.parent_path() / "scan_cut.jsonl").string();
  fs::remove(out);
  EXPECT_EQ(scan({folder.string(), "-o", out}).code, 11);
  const std::string whole = content_of(out);
  // The first line, and half of the second.
  const std::size_t first = whole.find('\n') + 1;
  std::ofstream(out, std::ios::binary) << whole.substr(0, first + 50);
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 11);
  const std::string again = content_of(out);
  EXPECT_EQ(again.substr(0, first), whole.substr(0, first));
  EXPECT_EQ(lines_of(again).files, lines_of(whole).files);
  EXPECT_EQ(lines_of(again).summary, lines_of(whole).summary);
  EXPECT_EQ(lines_of(again).count, lines_of(whole).count);

  // Nothing is left to do, and nothing is done twice; a file that is another one is.
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 11);
  EXPECT_EQ(lines_of(content_of(out)).count, 5U);
  fs::last_write_time(folder / "1.mp4", fs::file_time_type::clock::now());
  fs::copy_file(clips() / "forged.mp4", folder / "2.mp4", fs::copy_options::overwrite_existing);
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, 10);
  const Lines changed = lines_of(content_of(out));
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
  const fs::path scratch = folder.parent_path();
  const std::string out = (scratch / "scan_kill.jsonl").string();
  fs::remove(out);
  const Program program({folder.string(), "-o", out, "--jobs", "2"}, scratch / "scan.out");
  ASSERT_TRUE(has_line(out));
  program.signal(SIGKILL);
  program.wait();
  const Outcome undisturbed = scan({folder.string()});
  EXPECT_EQ(scan({folder.string(), "-o", out, "--resume"}).code, undisturbed.code);
  const Lines lines = lines_of(content_of(out));
  EXPECT_EQ(lines.files, undisturbed.lines.files);
  EXPECT_EQ(lines.summary, undisturbed.lines.summary);
  EXPECT_EQ(lines.count, undisturbed.lines.count);
}

TEST(Scan, StopsAfterTheFilesThatRun) {
  const fs::path folder = archive("stop", 12);
  const fs::path scratch = folder.parent_path();
  const std::string out = (scratch / "scan_stop.jsonl").string();
  fs::remove(out);
  const Program program({folder.string(), "-o", out}, scratch / "scan.out");
  ASSERT_TRUE(has_line(out));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 11);
  const Lines lines = lines_of(content_of(out));
  EXPECT_EQ(lines.files.size() + lines.summary["remaining"].get<std::size_t>(), 12U);
}

// As Slurm starts it, which is not here.
TEST(Scan, TasksOfASlurmArrayShareTheFilesOut) {
  const fs::path folder = new_folder("slurm");
  fs::create_directories(folder / "clips");
  for (int i = 0; i < 4; ++i) {
    fs::copy_file(clips() / "none.mp4", folder / "clips" / (std::to_string(i) + ".mp4"));
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
  EXPECT_EQ(lines_of(all).files.size(), 4U);
  // An array with gaps does not know how many it has.
  EXPECT_FALSE(
      succeeds("SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MAX=3 '" DFD_SOURCE
               "/pipelines/scan-slurm.sh' '" +
               results + "' / 2>/dev/null"));
}

TEST(Scan, TwoScansDoNotWriteOneFile) {
  const fs::path folder = archive("two", 12);
  const fs::path scratch = folder.parent_path();
  const std::string out = (scratch / "scan_two.jsonl").string();
  fs::remove(out);
  const Program program({folder.string(), "-o", out}, scratch / "scan_first.out");
  ASSERT_TRUE(has_line(out));
  EXPECT_EQ(scan({folder.string(), "-o", out}).code, 1);
  program.signal(SIGTERM);
  program.wait();
}

}  // namespace
