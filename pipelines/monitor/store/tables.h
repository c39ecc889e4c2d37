// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is kept, and how it is read and written. Times are milliseconds since 1970, UTC. Everything
// throws StoreError.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alarms/alarm.h"
#include "base/clock.h"
#include "store/database.h"
#include "store/evidence_files.h"

namespace dfd::monitor {

// By name and label: {"failures", "eos"}. The label may be empty. None ever goes down.
using Counters = std::map<std::pair<std::string, std::string>, double>;

// Seconds judged by day, "2026-11-23", UTC.
using JudgedDays = std::map<std::string, double>;

struct StoredAlarm {
  std::string stream;
  std::string rule;
  AlarmState state = AlarmState::kIdle;
  AlarmRecord record;
  // The outputs were told of it.
  bool notified = true;
};

// Of one stream, as it is now.
struct StreamSnapshot {
  Counters counters;
  JudgedDays judged;
  // Pending and firing ones.
  std::vector<StoredAlarm> open_alarms;
};

// An event, and the alarm's transition that it tells of.
struct Entry {
  WallTime time;
  std::string event_id;
  // One line of JSON.
  std::string event;
  // Of the outputs; otherwise it is only kept.
  bool to_tell = true;
  std::optional<StoredAlarm> alarm;
  AlarmState previous = AlarmState::kIdle;
  std::optional<EvidenceChange> evidence;
};

// As the tables hold times.
std::int64_t to_milliseconds(WallTime time);
WallTime from_milliseconds(std::int64_t time);

// Of the table `alarms`, in the order in which read_alarm() takes them from a row's beginning.
extern const char* const kAlarmColumns;
StoredAlarm read_alarm(const Statement& row);

struct KeptEvent {
  std::int64_t sequence = 0;
  std::string event;
};

// Makes the tables, or brings those of earlier versions up to date. Throws where a newer program
// has made them.
void migrate(Database& database);

// The version that migrate() leaves.
int newest_version();

std::map<std::string, StreamSnapshot> read_streams(Database& database);

// Events that no output was known to have when the program ended, oldest first.
std::vector<KeptEvent> read_untold(Database& database);

// Where no event was ever kept: the first one's number will be the one behind `sequence`.
void begin_events_behind(Database& database, std::int64_t sequence);

// Returns the event's number. Those that were told already are not told again.
std::int64_t write_entry(Database& database, const Entry& entry, bool told);
void write_snapshot(Database& database, const std::string& stream, const StreamSnapshot& snapshot);
void mark_told(Database& database, std::int64_t last_sequence);

// Events that were told long ago go; alarms stay.
void drop_old_events(Database& database, WallTime now);

}  // namespace dfd::monitor
