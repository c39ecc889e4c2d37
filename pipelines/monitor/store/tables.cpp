// SPDX-License-Identifier: LGPL-2.1-or-later

#include "tables.h"

#include <algorithm>
#include <chrono>

namespace dfd::monitor {
namespace {

using std::chrono::milliseconds;

std::optional<std::int64_t> milliseconds_if_any(const std::optional<WallTime>& time) {
  return time ? std::optional<std::int64_t>(to_milliseconds(*time)) : std::nullopt;
}

std::optional<WallTime> time_if_any(const std::optional<std::int64_t>& time) {
  return time ? std::optional<WallTime>(from_milliseconds(*time)) : std::nullopt;
}

void write_alarm(Database& database, const StoredAlarm& alarm) {
  const AlarmRecord& record = alarm.record;
  Statement(database,
            "INSERT INTO alarms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, fired_at = excluded.fired_at, "
            "ended_at = excluded.ended_at, peak_probability = excluded.peak_probability, "
            "mean_probability = excluded.mean_probability, "
            "seconds_with_probability = excluded.seconds_with_probability, "
            "on_probability = excluded.on_probability, off_probability = excluded.off_probability, "
            "seconds_over = excluded.seconds_over, reason = excluded.reason, "
            "data_lost = excluded.data_lost, notified = excluded.notified")
      .bind(record.id)
      .bind(alarm.stream)
      .bind(alarm.rule)
      .bind(std::string(name_of(alarm.state)))
      .bind(to_milliseconds(record.started_at))
      .bind(milliseconds_if_any(record.fired_at))
      .bind(milliseconds_if_any(record.ended_at))
      .bind(record.peak_probability)
      .bind(record.mean_probability)
      .bind(record.seconds_with_probability)
      .bind(record.on)
      .bind(record.off)
      .bind(record.seconds_over)
      .bind(record.reason)
      .bind(std::int64_t{record.data_lost})
      .bind(std::int64_t{alarm.notified})
      .step();
}

AlarmState state_from(const std::string& name) {
  for (const AlarmState state :
       {AlarmState::kPending, AlarmState::kFiring, AlarmState::kResolved}) {
    if (name == name_of(state)) return state;
  }
  return AlarmState::kIdle;
}

}  // namespace

std::int64_t to_milliseconds(WallTime time) {
  return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

WallTime from_milliseconds(std::int64_t time) { return WallTime(milliseconds(time)); }

const char* const kAlarmColumns =
    "id, stream, rule, state, started_at, fired_at, ended_at, peak_probability, mean_probability, "
    "seconds_with_probability, on_probability, off_probability, seconds_over, reason, data_lost, "
    "notified";

StoredAlarm read_alarm(const Statement& row) {
  StoredAlarm alarm;
  AlarmRecord& record = alarm.record;
  record.id = row.text(0);
  alarm.stream = row.text(1);
  alarm.rule = row.text(2);
  alarm.state = state_from(row.text(3));
  record.started_at = from_milliseconds(row.whole(4));
  record.fired_at = time_if_any(row.whole_if_any(5));
  record.ended_at = time_if_any(row.whole_if_any(6));
  record.peak_probability = row.number_if_any(7);
  record.mean_probability = row.number_if_any(8);
  record.seconds_with_probability = row.number(9);
  record.on = row.number_if_any(10);
  record.off = row.number_if_any(11);
  record.seconds_over = row.number(12);
  record.reason = row.text(13);
  record.data_lost = row.whole(14) != 0;
  alarm.notified = row.whole(15) != 0;
  return alarm;
}

std::map<std::string, StreamSnapshot> read_streams(Database& database) {
  std::map<std::string, StreamSnapshot> streams;
  Statement counters(database, "SELECT stream, name, label, value FROM counters");
  while (counters.step()) {
    streams[counters.text(0)].counters[{counters.text(1), counters.text(2)}] = counters.number(3);
  }
  // Exact, even where the program was killed between an alarm and the next snapshot.
  Statement fired(database,
                  "SELECT stream, rule, count(*) FROM alarms WHERE fired_at IS NOT NULL "
                  "GROUP BY stream, rule");
  while (fired.step()) {
    double& counter = streams[fired.text(0)].counters[{"alarms", fired.text(1)}];
    counter = std::max(counter, fired.number(2));
  }
  // A day that is over does not change any more.
  Statement judged(database,
                   "SELECT stream, day, judged_seconds FROM coverage "
                   "WHERE day >= date('now', '-1 day')");
  while (judged.step()) streams[judged.text(0)].judged[judged.text(1)] = judged.number(2);
  Statement alarms(database, std::string("SELECT ") + kAlarmColumns +
                                 " FROM alarms WHERE state IN ('pending', 'firing') "
                                 "ORDER BY started_at");
  while (alarms.step()) {
    StoredAlarm alarm = read_alarm(alarms);
    const std::string stream = alarm.stream;
    streams[stream].open_alarms.push_back(std::move(alarm));
  }
  return streams;
}

std::vector<KeptEvent> read_untold(Database& database) {
  std::vector<KeptEvent> events;
  Statement rows(database, "SELECT sequence, event FROM events WHERE told = 0 ORDER BY sequence");
  while (rows.step()) events.push_back({rows.whole(0), rows.text(1)});
  return events;
}

void begin_events_behind(Database& database, std::int64_t sequence) {
  // SQLite's own table, which it makes with the first AUTOINCREMENT and leaves to be written.
  Statement(database,
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'events', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')")
      .bind(sequence)
      .step();
}

std::int64_t write_entry(Database& database, const Entry& entry, bool told) {
  // A commit that failed may have come through all the same; it is tried again then.
  Statement insert(database,
                   "INSERT INTO events (id, time, event, told) VALUES (?, ?, ?, ?) "
                   "ON CONFLICT (id) DO UPDATE SET told = max(told, excluded.told) "
                   "RETURNING sequence");
  insert.bind(entry.event_id).bind(to_milliseconds(entry.time)).bind(entry.event);
  insert.bind(std::int64_t{told || !entry.to_tell}).step();
  const std::int64_t sequence = insert.whole(0);
  // To its end, or it would stay open and hold up the commit.
  insert.step();
  if (entry.evidence) apply_evidence(database, *entry.evidence);
  if (!entry.alarm) return sequence;
  write_alarm(database, *entry.alarm);
  Statement(database, "INSERT OR IGNORE INTO transitions VALUES (?, ?, ?, ?, ?)")
      .bind(entry.alarm->record.id)
      .bind(to_milliseconds(entry.time))
      .bind(std::string(name_of(entry.previous)))
      .bind(std::string(name_of(entry.alarm->state)))
      .bind(entry.event_id)
      .step();
  return sequence;
}

void write_snapshot(Database& database, const std::string& stream, const StreamSnapshot& snapshot) {
  for (const auto& [key, value] : snapshot.counters) {
    // The greater one: the database may have been away when the program began to count.
    Statement(database,
              "INSERT INTO counters VALUES (?, ?, ?, ?) ON CONFLICT (stream, name, label) "
              "DO UPDATE SET value = max(value, excluded.value)")
        .bind(stream)
        .bind(key.first)
        .bind(key.second)
        .bind(value)
        .step();
  }
  for (const auto& [day, seconds] : snapshot.judged) {
    Statement(database,
              "INSERT INTO coverage VALUES (?, ?, ?) ON CONFLICT (stream, day) "
              "DO UPDATE SET judged_seconds = max(judged_seconds, excluded.judged_seconds)")
        .bind(stream)
        .bind(day)
        .bind(seconds)
        .step();
  }
  for (const StoredAlarm& alarm : snapshot.open_alarms) write_alarm(database, alarm);
}

void mark_told(Database& database, std::int64_t last_sequence) {
  Statement(database, "UPDATE events SET told = 1 WHERE told = 0 AND sequence <= ?")
      .bind(last_sequence)
      .step();
}

void drop_old_events(Database& database, WallTime now) {
  // Whoever reads on from an event that he knows was not away for longer.
  constexpr auto kKept = std::chrono::hours(24 * 30);
  Statement(database, "DELETE FROM events WHERE told = 1 AND time < ?")
      .bind(to_milliseconds(now - kKept))
      .step();
}

}  // namespace dfd::monitor
