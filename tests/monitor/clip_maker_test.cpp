// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is written of alarms, and what has to go.

#include "evidence/clip_maker.h"

#include <gst/gst.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evidence/evidence_folder.h"
#include "monitor/program.h"
#include "store/database.h"
#include "store/evidence_files.h"

namespace {

namespace fs = std::filesystem;

using dfd::monitor::ClipMaker;
using dfd::monitor::ClipRequest;
using dfd::monitor::EvidenceFolder;
using dfd::monitor::EvidenceLimits;
using dfd::monitor::test::empty_folder;

// A picture alone, of an alarm of that number.
ClipRequest request_of(int number, std::size_t bytes) {
  ClipRequest request;
  request.place = {"ch1", "0000000000000000000000000" + std::to_string(number),
                   "2026-11-2" + std::to_string(number)};
  request.best.jpeg.assign(bytes, 'x');
  request.data = {{"alarm", {{"id", request.place.alarm}}}};
  return request;
}

std::vector<std::string> results_of(ClipMaker& maker) {
  maker.drain();
  std::vector<std::string> results;
  for (const auto& result : maker.take_results()) {
    results.push_back(std::string(name_of(result.state)) + " " + result.place.alarm.back());
  }
  return results;
}

using Results = std::vector<std::string>;

TEST(ClipMaker, TheOldestGoesAndNeverThatOfAnOpenAlarm) {
  gst_init(nullptr, nullptr);
  const std::string folder = empty_folder("quota");
  EvidenceLimits limits;
  limits.max_bytes = 1e6;
  limits.retain_days = 36500;
  ClipMaker maker(folder, limits);
  const std::string first = request_of(1, 0).place.alarm;
  maker.set_open({first});
  maker.make(request_of(1, 400000));
  maker.make(request_of(2, 400000));
  EXPECT_EQ(results_of(maker), (Results{"written 1", "written 2"}));
  EXPECT_GT(maker.bytes(), 800000U);
  maker.make(request_of(3, 400000));
  EXPECT_EQ(results_of(maker), (Results{"deleted 2", "written 3"}));
  EXPECT_TRUE(fs::exists(folder + "/evidence/ch1/2026-11-21/" + first + "/best.jpg"));
  EXPECT_FALSE(fs::exists(folder + "/evidence/ch1/2026-11-22"));
  // All that there is belongs to open ones.
  maker.set_open({first, request_of(3, 0).place.alarm});
  maker.make(request_of(4, 400000));
  maker.make(request_of(5, 400000));
  EXPECT_EQ(results_of(maker), (Results{"paused 4"}));
  maker.set_open({});
  maker.make(request_of(6, 400000));
  EXPECT_EQ(results_of(maker), (Results{"deleted 1", "resumed 6", "written 6"}));
  EXPECT_LE(maker.bytes(), 1000000U);
}

TEST(ClipMaker, FilesAreForOwnerAndGroup) {
  gst_init(nullptr, nullptr);
  const std::string folder = empty_folder("mode");
  ClipMaker maker(folder, {});
  maker.make(request_of(1, 10));
  EXPECT_EQ(results_of(maker), (Results{"written 1"}));
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/evidence")) {
    EXPECT_EQ(fs::status(entry).permissions(), fs::perms(entry.is_directory() ? 0750 : 0640));
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 2);
}

TEST(ClipMaker, ADatabaseBegunAnewCostsNoEvidence) {
  gst_init(nullptr, nullptr);
  const std::string folder = empty_folder("anew");
  EvidenceLimits limits;
  limits.retain_days = 36500;
  std::uint64_t bytes = 0;
  {
    ClipMaker maker(folder, limits);
    maker.make(request_of(1, 1000));
    EXPECT_EQ(results_of(maker), (Results{"written 1"}));
    bytes = maker.bytes();
  }
  // No row of it is anywhere.
  dfd::monitor::Database(folder + "/state.sqlite").run("CREATE TABLE evidence (name)");
  ClipMaker maker(folder, limits);
  maker.set_open({});
  maker.drain();
  EXPECT_EQ(maker.bytes(), bytes);
  EXPECT_TRUE(fs::exists(folder + "/evidence/ch1/2026-11-21/" + request_of(1, 0).place.alarm +
                         "/best.jpg"));
}

TEST(ClipMaker, OneThatIsTooLargeCostsNoOther) {
  gst_init(nullptr, nullptr);
  EvidenceLimits limits;
  limits.max_bytes = 1e6;
  limits.retain_days = 36500;
  ClipMaker maker(empty_folder("large"), limits);
  maker.make(request_of(1, 400000));
  maker.make(request_of(2, 2000000));
  maker.make(request_of(3, 100000));
  EXPECT_EQ(results_of(maker), (Results{"written 1", "paused 2", "resumed 3", "written 3"}));
}

TEST(ClipMaker, SaysThatItCannotWrite) {
  gst_init(nullptr, nullptr);
  const std::string folder = empty_folder("file");
  std::ofstream(folder + "/evidence") << "no folder";
  ClipMaker maker(folder, {});
  maker.make(request_of(1, 10));
  EXPECT_EQ(results_of(maker), (Results{"failed 1"}));
}

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(EvidenceFolder, WhatIsHalfDoneAfterACrashIsRemoved) {
  const fs::path folder = empty_folder("crash");
  const fs::path kept = folder / "evidence/ch1/2026-11-23/A";
  const fs::path lost = folder / "evidence/ch1/2026-11-24/B";
  const fs::path foreign = folder / "evidence/ch1/mine/C";
  write_file(kept / "best.jpg", "12345");
  write_file(kept / "clip.json", "{}");
  write_file(kept / "clip.ts.part", "half");
  write_file(lost / "clip.mp4", "whole, and not described");
  write_file(foreign / "notes", "of no concern");
  write_file(folder / "outside", "of no concern");
  fs::create_symlink(folder, folder / "evidence/ch1/2026-11-25");
  EvidenceFolder evidence(folder);
  evidence.scan();
  EXPECT_EQ(evidence.bytes(), 7U);
  EXPECT_FALSE(fs::exists(kept / "clip.ts.part"));
  EXPECT_FALSE(fs::exists(lost.parent_path()));
  EXPECT_TRUE(fs::exists(foreign / "notes"));
  EXPECT_TRUE(fs::exists(folder / "outside"));
  const auto gone = evidence.remove_before("2026-11-24", {});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].alarm, "A");
  EXPECT_EQ(evidence.bytes(), 0U);
}

TEST(EvidenceFolder, RoomThatCannotBeMadeCostsNothing) {
  const fs::path folder = empty_folder("room");
  for (const char* alarm : {"A", "B"}) {
    write_file(folder / "evidence/ch1/2026-11-23" / alarm / "clip.json", std::string(100, 'x'));
  }
  EvidenceFolder evidence(folder);
  evidence.scan();
  EXPECT_TRUE(evidence.make_room(1000, 300, {}).empty());
  EXPECT_TRUE(evidence.make_room(250, 300, {"A"}).empty());
  EXPECT_EQ(evidence.bytes(), 200U);
  EXPECT_EQ(evidence.make_room(200, 300, {"A"}).size(), 1U);
}

}  // namespace
