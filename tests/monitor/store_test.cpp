// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What outlives the program, and what happens where the disk does not want it.

#include "store/store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/program.h"
#include "store/state_folder.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::AlarmState;
using dfd::monitor::Counters;
using dfd::monitor::Database;
using dfd::monitor::Entry;
using dfd::monitor::Moment;
using dfd::monitor::Statement;
using dfd::monitor::Store;
using dfd::monitor::StoredAlarm;
using dfd::monitor::StreamSnapshot;
using dfd::monitor::Time;
using dfd::monitor::test::comes_true;

// Old events go by the machine's own clock.
const Moment kNow{Time(5s),
                  std::chrono::floor<std::chrono::milliseconds>(dfd::monitor::now().wall)};

class StoreTest : public testing::Test {
 protected:
  StoreTest()
      : folder_(std::filesystem::path(DFD_TEST_SCRATCH) / "state" /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Store> open() {
    return std::make_unique<Store>(folder_, [this](const std::string& event) {
      const std::lock_guard<std::mutex> lock(mutex_);
      told_.push_back(event);
    });
  }
  std::vector<std::string> told() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return told_;
  }
  // Once.
  static std::map<std::string, StreamSnapshot> streams_left(Store& store) {
    return store.take_left().value_or(Store::Left()).streams;
  }
  // Until free(), which is one step, nothing can be opened there.
  void block() {
    std::filesystem::create_directories(folder_);
    if (std::filesystem::exists(file())) std::filesystem::rename(file(), file() + ".away");
    std::filesystem::create_symlink("missing/nowhere", file());
  }
  void free() {
    if (std::filesystem::exists(file() + ".away")) {
      std::filesystem::rename(file() + ".away", file());
    } else {
      std::filesystem::remove(file());
    }
  }
  int files_put_aside() const {
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      const bool is_main = name.find("-wal") == std::string::npos;
      aside += is_main && name.find(".damaged-") != std::string::npos ? 1 : 0;
    }
    return aside;
  }
  std::string file() const { return folder_ + "/state.sqlite"; }

  static Entry event(const std::string& id) {
    Entry entry;
    entry.time = kNow.wall;
    entry.event_id = id;
    entry.event = "{" + id + "}";
    return entry;
  }
  static Entry alarm_event(const std::string& id, AlarmState state, const std::string& alarm) {
    Entry entry = event(id);
    entry.alarm.emplace();
    entry.alarm->stream = "ch1";
    entry.alarm->rule = "face";
    entry.alarm->state = state;
    entry.alarm->record.id = alarm;
    entry.alarm->record.started_at = kNow.wall;
    entry.alarm->record.peak_probability = 0.9;
    entry.alarm->record.reason = "none";
    return entry;
  }
  std::int64_t count(const std::string& query) {
    Database database(file());
    Statement statement(database, query);
    statement.step();
    return statement.whole(0);
  }

  std::string folder_;
  std::mutex mutex_;
  std::vector<std::string> told_;
};

TEST_F(StoreTest, KeepsOpenAlarmsAndLeavesTheOthers) {
  {
    const auto store = open();
    EXPECT_TRUE(streams_left(*store).empty());
    store->add(kNow, alarm_event("e1", AlarmState::kFiring, "a1"));
    store->add(kNow, alarm_event("e2", AlarmState::kResolved, "a2"));
    store->add(kNow, alarm_event("e3", AlarmState::kPending, "a3"));
    store->add(kNow, alarm_event("e4", AlarmState::kIdle, "a3"));
  }
  const auto store = open();
  const auto left = streams_left(*store);
  ASSERT_EQ(left.count("ch1"), 1U);
  const auto& open_alarms = left.at("ch1").open_alarms;
  ASSERT_EQ(open_alarms.size(), 1U);
  EXPECT_EQ(open_alarms[0].rule, "face");
  EXPECT_EQ(open_alarms[0].state, AlarmState::kFiring);
  EXPECT_EQ(open_alarms[0].record.id, "a1");
  EXPECT_EQ(open_alarms[0].record.started_at, kNow.wall);
  EXPECT_EQ(open_alarms[0].record.peak_probability, 0.9);
  EXPECT_FALSE(open_alarms[0].record.fired_at);
  EXPECT_EQ(count("SELECT count(*) FROM transitions WHERE alarm = 'a3'"), 2);
}

TEST_F(StoreTest, ASnapshotBringsTheOpenAlarmsUpToDate) {
  Entry firing = alarm_event("e1", AlarmState::kFiring, "a1");
  {
    const auto store = open();
    store->add(kNow, firing);
    StreamSnapshot snapshot;
    snapshot.open_alarms.push_back(*firing.alarm);
    snapshot.open_alarms[0].record.peak_probability = 0.97;
    ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
    store->add("ch1", snapshot);
  }
  {
    const auto store = open();
    EXPECT_EQ(streams_left(*store).at("ch1").open_alarms.at(0).record.peak_probability, 0.97);
    // However the two cross.
    store->add(kNow, alarm_event("e2", AlarmState::kResolved, "a1"));
    StreamSnapshot old;
    old.open_alarms.push_back(*firing.alarm);
    store->add("ch1", old);
  }
  EXPECT_EQ(count("SELECT count(*) FROM alarms"), 1);
}

TEST_F(StoreTest, CountersNeverGoDown) {
  const auto with = [](double frames) {
    StreamSnapshot snapshot;
    snapshot.counters[{"frames", ""}] = frames;
    snapshot.counters[{"failures", "eos"}] = 2;
    return snapshot;
  };
  { open()->add("ch1", with(100)); }
  { open()->add("ch1", with(40)); }
  const Counters counters = streams_left(*open()).at("ch1").counters;
  EXPECT_EQ(counters.at({"frames", ""}), 100);
  EXPECT_EQ(counters.at({"failures", "eos"}), 2);
}

TEST_F(StoreTest, CoverageIsKeptByDay) {
  const std::string today = dfd::monitor::utc_text(dfd::monitor::now().wall).substr(0, 10);
  StreamSnapshot snapshot;
  snapshot.judged = {{"2025-11-26", 7.5}, {today, 3}};
  { open()->add("ch1", snapshot); }
  const auto judged = streams_left(*open()).at("ch1").judged;
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_EQ(judged.at(today), 3);
  EXPECT_EQ(count("SELECT sum(judged_seconds) = 10.5 FROM coverage"), 1);
}

TEST_F(StoreTest, TellsInOrderOnceItIsKept) {
  {
    const auto store = open();
    for (int i = 0; i < 1000; ++i) store->add(kNow, event(std::to_string(i)));
    ASSERT_TRUE(comes_true([&] { return told().size() == 1000; }));
    EXPECT_EQ(store->last_told(), 1000);
  }
  EXPECT_EQ(told().front(), "{0}");
  EXPECT_EQ(told().back(), "{999}");
  EXPECT_EQ(count("SELECT count(*) FROM events"), 1000);
}

TEST_F(StoreTest, TellsAgainWhatNobodyIsKnownToHave) {
  {
    const auto store = open();
    store->add(kNow, event("1"));
    ASSERT_TRUE(comes_true([&] { return store->last_told() == 1; }));
    store->set_arrived(1);
    store->add(kNow, event("2"));
    Entry silent = event("3");
    silent.to_tell = false;
    store->add(kNow, silent);
  }
  EXPECT_EQ(told(), (std::vector<std::string>{"{1}", "{2}"}));
  told_.clear();
  {
    const auto store = open();
    EXPECT_EQ(told(), (std::vector<std::string>{"{2}"}));
    store->set_arrived(store->last_told());
  }
  told_.clear();
  open();
  EXPECT_TRUE(told().empty());
}

TEST_F(StoreTest, OthersMayNotRead) {
  const auto store = open();
  store->add(kNow, event("1"));
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  struct stat facts {};
  ASSERT_EQ(stat(folder_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0027, 0U);
  for (const char* end : {"", "-wal", "-shm"}) {
    ASSERT_EQ(stat((file() + end).c_str(), &facts), 0) << end;
    EXPECT_EQ(facts.st_mode & 0137, 0U) << end;
  }
}

TEST_F(StoreTest, OneMonitorAFolder) {
  auto store = open();
  EXPECT_THROW(open(), dfd::monitor::FolderTaken);
  store.reset();
  open();
}

TEST_F(StoreTest, ADamagedFileIsPutAside) {
  { open()->add(kNow, alarm_event("e1", AlarmState::kFiring, "a1")); }
  std::ofstream(file(), std::ios::trunc) << std::string(9000, 'x');
  const auto store = open();
  EXPECT_TRUE(streams_left(*store).empty());
  EXPECT_EQ(store->errors(), 1U);
  store->add(kNow, event("2"));
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  EXPECT_TRUE(store->is_up());
  EXPECT_EQ(files_put_aside(), 1);
}

TEST_F(StoreTest, AFileDamagedInTheMiddleIsPutAside) {
  {
    const auto store = open();
    for (int i = 0; i < 500; ++i) store->add(kNow, event(std::to_string(i)));
  }
  {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096);
    stream << std::string(8192, 'x');
  }
  const auto store = open();
  EXPECT_EQ(store->errors(), 1U);
  EXPECT_TRUE(store->is_up());
}

TEST_F(StoreTest, AFileThatIsDamagedMeanwhileIsPutAside) {
  const auto store = open();
  for (int i = 0; i < 500; ++i) store->add(kNow, event(std::to_string(i)));
  ASSERT_TRUE(comes_true([&] { return store->last_told() == 500; }));
  { Database(file()).run("PRAGMA wal_checkpoint(TRUNCATE)"); }
  {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096);
    stream << std::string(std::filesystem::file_size(file()) - 4096, 'x');
  }
  store->add(kNow, event("new"));
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  EXPECT_TRUE(store->is_up());
  EXPECT_EQ(files_put_aside(), 1);
  EXPECT_EQ(told().back(), "{new}");
  EXPECT_EQ(count("SELECT count(*) FROM events"), 1);
  // Numbers go on, and with them what has arrived.
  EXPECT_EQ(count("SELECT sequence FROM events"), 501);
  EXPECT_EQ(store->last_told(), 501);
}

TEST_F(StoreTest, SoIsOneWhoseDamageTheCheckDoesNotSee) {
  { open()->add(kNow, alarm_event("e1", AlarmState::kFiring, "a1")); }
  {
    // The index holds streams, and is looked up for rules.
    Database database(file());
    database.run(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = replace(sql, '(stream)', '(rule)') WHERE name = 'alarms_open'");
  }
  const auto store = open();
  EXPECT_EQ(streams_left(*store).count("ch1"), 1U);
  store->add(kNow, alarm_event("e2", AlarmState::kResolved, "a1"));
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  EXPECT_GE(store->errors(), 2U);
  EXPECT_EQ(files_put_aside(), 1);
  EXPECT_EQ(count("SELECT count(*) FROM alarms WHERE state = 'resolved'"), 1);
}

TEST_F(StoreTest, WhatTheLastRunLeftIsKnownOnceTheFileOpens) {
  {
    const auto store = open();
    store->add(kNow, alarm_event("e1", AlarmState::kFiring, "a1"));
    StreamSnapshot snapshot;
    snapshot.counters[{"frames", ""}] = 100;
    store->add("ch1", snapshot);
  }
  { Database(file()).run("INSERT INTO mutes VALUES ('ch1', 4000000000000, 'works', 0, 'desk')"); }
  told_.clear();
  block();
  const auto store = open();
  EXPECT_FALSE(store->take_left());
  StreamSnapshot newer;
  newer.counters[{"frames", ""}] = 7;
  store->add("ch1", newer);
  store->add(kNow, event("e2"));
  free();
  std::optional<Store::Left> left;
  ASSERT_TRUE(comes_true([&] {
    if (!left) left = store->take_left();
    return left.has_value();
  }));
  EXPECT_EQ(left->streams.at("ch1").open_alarms.size(), 1U);
  // Of the last run alone.
  EXPECT_EQ(left->streams.at("ch1").counters.at({"frames", ""}), 100);
  EXPECT_EQ(left->mutes.at("ch1").reason, "works");
  EXPECT_FALSE(store->take_left());
  // What nobody is known to have is told, too.
  EXPECT_EQ(told(), (std::vector<std::string>{"{e2}", "{e1}"}));
}

TEST_F(StoreTest, ADatabaseOfANewerProgramIsLeftAlone) {
  { open(); }
  { Database(file()).run("PRAGMA user_version = 99"); }
  {
    const auto store = open();
    EXPECT_FALSE(store->is_up());
    store->add(kNow, event("1"));
  }
  EXPECT_EQ(told(), (std::vector<std::string>{"{1}"}));
  EXPECT_EQ(count("PRAGMA user_version"), 99);
}

TEST_F(StoreTest, WithoutAFolderThereIsNoStore) {
  std::filesystem::create_directories(std::filesystem::path(folder_).parent_path());
  std::ofstream(folder_) << "in the way";
  EXPECT_THROW(open(), std::runtime_error);
  std::filesystem::remove(folder_);
}

TEST_F(StoreTest, WithoutAFileItTellsAtOnceAndTriesOn) {
  block();
  const auto store = open();
  EXPECT_FALSE(store->is_up());
  EXPECT_GE(store->errors(), 1U);
  store->add(kNow, event("1"));
  EXPECT_EQ(told(), (std::vector<std::string>{"{1}"}));
  free();
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  EXPECT_TRUE(store->is_up());
  EXPECT_EQ(told().size(), 1U);
  EXPECT_EQ(count("SELECT told FROM events"), 1);
}

TEST_F(StoreTest, AFullDiskStopsNothing) {
  const auto store = open();
  store->add(kNow, event("1"));
  ASSERT_TRUE(comes_true([&] { return store->last_told() == 1; }));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = signal(SIGXFSZ, SIG_IGN);
  rlimit full = before;
  full.rlim_cur = 1;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  store->add(kNow, event("2"));
  const bool noticed = comes_true([&] { return !store->is_up(); });
  store->add(kNow, event("3"));
  const auto told_then = told();
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_TRUE(noticed);
  EXPECT_EQ(told_then, (std::vector<std::string>{"{1}", "{2}", "{3}"}));
  ASSERT_TRUE(comes_true([&] { return store->is_up() && store->waiting() == 0; }));
  EXPECT_EQ(count("SELECT count(*) FROM events"), 3);
  EXPECT_EQ(told().size(), 3U);
}

TEST_F(StoreTest, WhatWaitsForTheDiskIsToldAllTheSame) {
  const auto store = open();
  store->add(kNow, event("1"));
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  {
    // Another one holds the file, for less than the store waits for it.
    Database other(file());
    other.run("BEGIN EXCLUSIVE");
    store->add(kNow, event("2"));
    store->update({kNow.steady + 1s, kNow.wall});
    EXPECT_EQ(told().size(), 1U);
    store->update({kNow.steady + 2s, kNow.wall});
    EXPECT_EQ(told().size(), 2U);
    other.run("ROLLBACK");
  }
  ASSERT_TRUE(comes_true([&] { return store->waiting() == 0; }));
  EXPECT_EQ(told().size(), 2U);
  EXPECT_TRUE(store->is_up());
}

TEST_F(StoreTest, DropsTheOldestWhereNothingCanBeKept) {
  block();
  const auto store = open();
  for (std::size_t i = 0; i < Store::kMostWaiting + 5; ++i) {
    store->add(kNow, event(std::to_string(i)));
  }
  EXPECT_GE(store->dropped(), 1U);
  EXPECT_LE(store->waiting(), Store::kMostWaiting + 1);
  EXPECT_EQ(told().size(), Store::kMostWaiting + 5);
}

TEST_F(StoreTest, OldEventsGoAndAlarmsStay) {
  { open()->add(kNow, alarm_event("e1", AlarmState::kResolved, "a1")); }
  Database database(file());
  mark_told(database, 1);
  drop_old_events(database, kNow.wall + 29 * 24h);
  EXPECT_EQ(count("SELECT count(*) FROM events"), 1);
  drop_old_events(database, kNow.wall + 31 * 24h);
  EXPECT_EQ(count("SELECT count(*) FROM events"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM alarms"), 1);
}

TEST(StateFolder, IsWhereSuchThingsAre) {
  const auto set = [](const char* name, const char* value) {
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  };
  const char* const home = std::getenv("HOME");
  const std::string home_before = home == nullptr ? "" : home;
  set("STATE_DIRECTORY", "/var/lib/a:/var/lib/b");
  EXPECT_EQ(dfd::monitor::default_state_folder(), "/var/lib/a");
  set("STATE_DIRECTORY", nullptr);
  set("XDG_STATE_HOME", "/x");
  EXPECT_EQ(dfd::monitor::default_state_folder(), "/x/deepfake-monitor");
  set("XDG_STATE_HOME", nullptr);
  set("HOME", "/h");
  EXPECT_EQ(dfd::monitor::default_state_folder(), "/h/.local/state/deepfake-monitor");
  set("HOME", home_before.c_str());
}

}  // namespace
