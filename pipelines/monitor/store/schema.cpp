// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tables and their versions.

#include <array>
#include <string>

#include "store/tables.h"

namespace dfd::monitor {
namespace {

// Each takes the tables from the version of its place here to the next one. What was released is
// never changed.
constexpr std::array kMigrations = {R"(
CREATE TABLE alarms (
  id TEXT PRIMARY KEY, stream TEXT NOT NULL, rule TEXT NOT NULL, state TEXT NOT NULL,
  started_at INTEGER NOT NULL, fired_at INTEGER, ended_at INTEGER,
  peak_probability REAL, mean_probability REAL, seconds_with_probability REAL NOT NULL,
  on_probability REAL, off_probability REAL, seconds_over REAL NOT NULL,
  reason TEXT NOT NULL, data_lost INTEGER NOT NULL, notified INTEGER NOT NULL);
CREATE INDEX alarms_open ON alarms (stream) WHERE state IN ('pending', 'firing');
CREATE INDEX alarms_of_stream ON alarms (stream, started_at);
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, time INTEGER NOT NULL,
  event TEXT NOT NULL, told INTEGER NOT NULL);
CREATE INDEX events_untold ON events (sequence) WHERE told = 0;
CREATE INDEX events_time ON events (time);
CREATE TABLE transitions (
  alarm TEXT NOT NULL REFERENCES alarms (id) ON DELETE CASCADE, time INTEGER NOT NULL,
  previous TEXT NOT NULL, state TEXT NOT NULL, event TEXT NOT NULL UNIQUE);
CREATE INDEX transitions_of_alarm ON transitions (alarm, time);
CREATE TABLE counters (
  stream TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (stream, name, label)) WITHOUT ROWID;
CREATE TABLE coverage (
  stream TEXT NOT NULL, day TEXT NOT NULL, judged_seconds REAL NOT NULL,
  PRIMARY KEY (stream, day)) WITHOUT ROWID;
)",
                                    R"(
CREATE TABLE acknowledgements (
  alarm TEXT PRIMARY KEY REFERENCES alarms (id) ON DELETE CASCADE, time INTEGER NOT NULL,
  by TEXT NOT NULL);
CREATE TABLE labels (
  alarm TEXT PRIMARY KEY REFERENCES alarms (id) ON DELETE CASCADE, is_false INTEGER NOT NULL,
  note TEXT NOT NULL, time INTEGER NOT NULL, by TEXT NOT NULL);
CREATE TABLE mutes (
  stream TEXT PRIMARY KEY, until INTEGER NOT NULL, reason TEXT NOT NULL, time INTEGER NOT NULL,
  by TEXT NOT NULL);
CREATE TABLE audit (
  number INTEGER PRIMARY KEY, time INTEGER NOT NULL, by TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
)",
                                    R"(
CREATE TABLE evidence (
  alarm TEXT NOT NULL REFERENCES alarms (id) ON DELETE CASCADE, name TEXT NOT NULL,
  path TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (alarm, name)) WITHOUT ROWID;
)"};

int version_of(Database& database) {
  Statement statement(database, "PRAGMA user_version");
  statement.step();
  return static_cast<int>(statement.whole(0));
}

}  // namespace

int newest_version() { return static_cast<int>(kMigrations.size()); }

void migrate(Database& database) {
  int version = version_of(database);
  if (version > newest_version()) {
    throw StoreError("the database is of version " + std::to_string(version) +
                         ", and this program knows no later one than " +
                         std::to_string(newest_version()),
                     false);
  }
  for (; version < newest_version(); ++version) {
    Transaction transaction(database);
    database.run(kMigrations.at(static_cast<std::size_t>(version)));
    database.run("PRAGMA user_version = " + std::to_string(version + 1));
    transaction.commit();
  }
}

}  // namespace dfd::monitor
