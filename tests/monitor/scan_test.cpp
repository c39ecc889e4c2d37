// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What scans say of files: the program beside small ones.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "media_servers.h"
#include "scan_program.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::Json;
using dfd::monitor::test::Piece;
using dfd::monitor::test::scan;
using dfd::monitor::test::scan_clips;
using dfd::monitor::test::Scanned;
using dfd::monitor::test::succeeds;
using dfd::monitor::test::write_transport_stream;

TEST(Scan, AFileWithoutAFaceIsUndecided) {
  Scanned outcome = scan({(scan_clips() / "none.mp4").string()});
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
  Scanned outcome = scan({(scan_clips() / "real.mp4").string()});
  EXPECT_EQ(outcome.code, 0);
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  EXPECT_EQ(outcome.lines.files.begin()->second["verdict"], "authentic");
  EXPECT_EQ(scan({(scan_clips() / "real.mp4").string(), (scan_clips() / "none.mp4").string()}).code,
            11);
}

TEST(Scan, ALineHasEachFacesProbabilityOverTime) {
  const std::string path = (scan_clips() / "forged.mp4").string();
  Scanned outcome = scan({path});
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
  const fs::path folder = empty_folder("scan_folder");
  fs::copy_file(scan_clips() / "forged.mp4", folder / "forged.txt");
  std::ofstream(folder / "notes.mp4") << "Only a text, whatever its name says.\n";
  EXPECT_EQ(scan({folder.string()}).code, 10);
  std::ofstream(folder / "broken.mp4")
      << content_of((scan_clips() / "none.mp4").string()).substr(0, 1000);
  Scanned outcome = scan({folder.string(), "--jobs", "2"});
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
  const fs::path folder = empty_folder("scan_truncated");
  const std::string whole = (folder / "whole.mp4").string();
  // Its index before its pictures, so that these can be cut.
  ASSERT_TRUE(succeeds("ffmpeg -v error -y -i '" + (scan_clips() / "real.mp4").string() +
                       "' -c copy -movflags faststart '" + whole + "'"));
  const std::string content = content_of(whole);
  std::ofstream(folder / "half.mp4") << content.substr(0, content.size() / 2);
  EXPECT_EQ(scan({whole}).code, 0);
  const int code = scan({(folder / "half.mp4").string()}).code;
  EXPECT_TRUE(code == 11 || code == 21) << code;
}

TEST(Scan, SaysWhatCannotBeRead) {
  const fs::path folder = empty_folder("scan_unreadable");
  EXPECT_EQ(scan({folder.string()}).code, 21);
  std::ofstream(folder / "notes") << "text";
  const std::string named = (folder / "notes").string();
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string list = (folder / "list").string();
  std::ofstream(list) << named << "\n\n" << pipe << "\n";
  Scanned outcome = scan({"/nowhere.mp4", "--list", list});
  EXPECT_EQ(outcome.code, 21);
  EXPECT_EQ(outcome.lines.files["/nowhere.mp4"]["error"]["reason"], "unreadable");
  EXPECT_EQ(outcome.lines.files[pipe]["error"]["reason"], "unreadable");
  EXPECT_EQ(outcome.lines.files[named]["error"]["reason"], "no_video");
}

TEST(Scan, PicturesThatNobodyLookedAtAreNotAuthentic) {
  const fs::path folder = empty_folder("scan_unseen");
  const std::string real = (scan_clips() / "real.mp4").string();
  const auto join = [&](const std::string& other, const std::string& options,
                        const std::string& name) {
    return succeeds("ffmpeg -v error -y -i '" + real + "' -i '" + other +
                    "' -map 0:v -map 1:v -c copy " + options + " '" + (folder / name).string() +
                    "'");
  };
  const std::string forged = (scan_clips() / "forged.mp4").string();
  const std::string odd = (folder / "odd.avi").string();
  ASSERT_TRUE(succeeds("ffmpeg -v error -y -f lavfi -i testsrc=size=64x64:duration=8 -c:v ffv1 '" +
                       odd + "'"));
  ASSERT_TRUE(join(forged, "", "track.mp4"));
  // Nobody decodes that one.
  ASSERT_TRUE(join(odd, "", "odd.mkv"));
  ASSERT_TRUE(join(forged, "-program title=a:st=0 -program title=b:st=1", "program.ts"));
  fs::remove(odd);
  const Scanned outcome = scan({folder.string()});
  EXPECT_EQ(outcome.code, 11);
  ASSERT_EQ(outcome.lines.files.size(), 3U);
  for (const auto& [path, line] : outcome.lines.files) {
    EXPECT_EQ(line["verdict"], "undecided") << line;
    EXPECT_EQ(line["reason"], "unseen-track") << path;
    EXPECT_EQ(line["worst"]["verdict"], "authentic") << path;
  }
}

TEST(Scan, SoundAloneIsNoVideo) {
  const std::string sound = empty_folder("scan_sound") + "/sound.mp4";
  ASSERT_TRUE(
      succeeds("gst-launch-1.0 -q audiotestsrc num-buffers=20 ! voaacenc ! mp4mux ! "
               "filesink location='" +
               sound + "'"));
  Scanned outcome = scan({sound});
  EXPECT_EQ(outcome.code, 21);
  EXPECT_EQ(outcome.lines.files[sound]["error"]["reason"], "no_video");
}

TEST(Scan, NoPictureIsLostWhereATransportStreamChanges) {
  const fs::path folder = empty_folder("scan_changes");
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
  const Scanned outcome = scan({folder.string()});
  ASSERT_EQ(outcome.lines.files.size(), 6U);
  for (const auto& [path, line] : outcome.lines.files) {
    EXPECT_FALSE(line.contains("error")) << line;
    EXPECT_EQ(line["frames"], 50) << path;
  }
}

// decodebin loses now and then what a demuxer says of such files.
TEST(Scan, ACutFileIsDamagedEachTimeAndNeverWaitedFor) {
  const fs::path folder = empty_folder("scan_cut");
  const std::string cut = content_of((scan_clips() / "none.mp4").string()).substr(0, 1000);
  constexpr std::size_t kFiles = 40;
  for (std::size_t i = 0; i < kFiles; ++i) {
    std::ofstream(folder / (std::to_string(i) + ".mp4")) << cut;
  }
  Scanned outcome = scan({folder.string(), "--jobs", "4"});
  EXPECT_EQ(outcome.code, 21);
  ASSERT_EQ(outcome.lines.files.size(), kFiles);
  for (const auto& [path, line] : outcome.lines.files) {
    EXPECT_EQ(line["error"]["reason"], "decode") << line;
  }
}

TEST(Scan, KeepsNamesThatAreNoUtf8) {
  const fs::path folder = empty_folder("scan_names");
  fs::copy_file(scan_clips() / "none.mp4", folder / "a\xff");
  Scanned outcome = scan({folder.string()});
  ASSERT_EQ(outcome.lines.files.size(), 1U);
  const std::string hex = outcome.lines.files.begin()->second["path_hex"];
  EXPECT_EQ(hex.substr(hex.size() - 4), "61ff");
}

TEST(Scan, AFileThatTakesTooLongFails) {
  const Scanned outcome =
      scan({(scan_clips() / "forged.mp4").string(), "--timeout", "0.1", "--sample-rate", "25/1"});
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

}  // namespace
