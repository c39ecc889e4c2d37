// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What operators say of alarms reaches the trainer.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/program.h"
#include "store/changes.h"
#include "store/evidence_files.h"
#include "store/tables.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::AlarmState;
using dfd::monitor::Change;
using dfd::monitor::Database;
using dfd::monitor::Entry;
using dfd::monitor::KeptChange;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::Json;
using dfd::monitor::test::lines_of;
using dfd::monitor::test::Program;
using dfd::monitor::test::scratch;
using dfd::monitor::test::succeeds;
using dfd::monitor::test::write_config;

// A fired alarm; its picture is a test card of that colour, or there is none.
void add_alarm(Database& database, const std::string& state, const std::string& id,
               const std::string& colour, const std::string& rule = "face") {
  Entry entry;
  entry.time = dfd::monitor::now().wall;
  entry.event_id = id;
  entry.event = "{}";
  entry.alarm.emplace();
  entry.alarm->stream = "ch1";
  entry.alarm->rule = rule;
  entry.alarm->state = AlarmState::kResolved;
  entry.alarm->record.id = id;
  entry.alarm->record.started_at = entry.time;
  entry.alarm->record.fired_at = entry.time;
  write_entry(database, entry, true);
  if (colour.empty()) return;
  const std::string path = "evidence/ch1/2026-11-27/" + id + "/face.jpg";
  fs::create_directories(fs::path(state) / fs::path(path).parent_path());
  const std::string command = "ffmpeg -v error -y -f lavfi -i color=" + colour +
                              ":size=320x180 -frames:v 1 '" + state + "/" + path + "'";
  ASSERT_TRUE(succeeds(command));
  write_evidence(database, id, {"face.jpg", path, 1, "0"});
}

void add_label(Database& database, const std::string& alarm, bool is_false) {
  Change change;
  change.kind = Change::Kind::kLabel;
  change.subject = alarm;
  change.is_false = is_false;
  change.mark = {dfd::monitor::now().wall, "desk"};
  change.detail = "{}";
  KeptChange kept;
  apply_change(database, change, kept);
}

TEST(ExportManifest, TheTrainerTakesWhatOperatorsSaid) {
  const std::string config = write_config("export.toml", "rtsp://127.0.0.1:1/live");
  const std::string state = config + ".state";
  const std::string folder = scratch("exported");
  fs::remove_all(folder);
  fs::create_directories(state);
  Database database(state + "/state.sqlite");
  migrate(database);
  add_alarm(database, state, "01AAAAAAAAAAAAAAAAAAAAAAAA", "red");
  add_alarm(database, state, "01BBBBBBBBBBBBBBBBBBBBBBBB", "blue");
  add_alarm(database, state, "01CCCCCCCCCCCCCCCCCCCCCCCC", "green");
  add_alarm(database, state, "01DDDDDDDDDDDDDDDDDDDDDDDD", "");
  add_alarm(database, state, "01EEEEEEEEEEEEEEEEEEEEEEEE", "white", "black");
  add_label(database, "01AAAAAAAAAAAAAAAAAAAAAAAA", true);
  add_label(database, "01BBBBBBBBBBBBBBBBBBBBBBBB", false);
  add_label(database, "01DDDDDDDDDDDDDDDDDDDDDDDD", false);
  add_label(database, "01EEEEEEEEEEEEEEEEEEEEEEEE", true);

  Program first({"export-manifest", config, "-o", folder});
  EXPECT_EQ(first.wait(), 0) << first.all();
  EXPECT_NE(first.err().find("2 of 3 labelled"), std::string::npos) << first.err();
  const std::vector<Json> lines = lines_of(content_of(folder + "/manifest.jsonl"));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1]["path"], "ch1/01AAAAAAAAAAAAAAAAAAAAAAAA.jpg");
  EXPECT_EQ(lines[1]["label"], "real");
  EXPECT_EQ(lines[1]["source"], "ch1");
  EXPECT_EQ(lines[2]["label"], "fake");
  const std::string check =
      "'" DFD_TRAINER "' data check '" + folder + "/manifest.jsonl' > '" + folder + "/facts.json'";
  EXPECT_TRUE(succeeds(check)) << content_of(folder + "/facts.json");

  // Evidence that went, and a label that was changed.
  fs::remove_all(state + "/evidence");
  add_label(database, "01AAAAAAAAAAAAAAAAAAAAAAAA", false);
  Program second({"export-manifest", config, "-o", folder});
  EXPECT_EQ(second.wait(), 0) << second.all();
  const std::vector<Json> anew = lines_of(content_of(folder + "/manifest.jsonl"));
  ASSERT_EQ(anew.size(), 3U);
  EXPECT_EQ(anew[1]["label"], "fake");
  EXPECT_TRUE(fs::exists(folder + "/ch1/01BBBBBBBBBBBBBBBBBBBBBBBB.jpg"));
}

// Of the program's first alarm, once its evidence is there.
std::string alarm_with_evidence(const Program& program) {
  std::string alarm;
  EXPECT_TRUE(comes_true([&] {
    for (const Json& event : program.events()) {
      const Json& data = event["data"];
      if (data.contains("clip") && data["clip"]["state"] == "written")
        alarm = data["clip"]["alarm"];
    }
    return !alarm.empty();
  })) << program.all();
  return alarm;
}

TEST(ExportManifest, TheTrainerFindsTheFaceOfARealAlarm) {
  const std::string forged = forged_clip();
  ASSERT_FALSE(forged.empty());
  const std::string config =
      write_config("export_real.toml", "file://" + forged,
                   "evidence = {pre_roll_s = 1, post_roll_s = 0, max_clip_s = 2}\n");
  Program program({"run", config});
  const std::string alarm = alarm_with_evidence(program);
  EXPECT_EQ(program.stop(), 0) << program.all();
  Database database(config + ".state/state.sqlite");
  add_label(database, alarm, false);
  const std::string folder = scratch("exported_real");
  fs::remove_all(folder);
  Program exported({"export-manifest", config, "-o", folder});
  ASSERT_EQ(exported.wait(), 0) << exported.all();
  const std::string crops = "'" DFD_TRAINER "' crops --data '" + folder + "/manifest.jsonl' -o '" +
                            folder + "/sheets' > '" + folder + "/crops.jsonl'";
  ASSERT_TRUE(succeeds(crops));
  const Json line = lines_of(content_of(folder + "/crops.jsonl")).at(0);
  EXPECT_EQ(line["crops"], (Json{1})) << line;
}

TEST(ExportManifest, SaysWhatItCannotDo) {
  const std::string config = write_config("export_none.toml", "rtsp://127.0.0.1:1/live");
  Program nothing({"export-manifest", config, "-o", scratch("exported_none")});
  EXPECT_EQ(nothing.wait(), 1);
  EXPECT_NE(nothing.err().find("state.sqlite"), std::string::npos) << nothing.err();
  EXPECT_EQ(Program({"export-manifest", config}).wait(), 2);
}

}  // namespace
