// SPDX-License-Identifier: LGPL-2.1-or-later

#include "changes.h"

namespace dfd::monitor {
namespace {

using Outcome = ChangeResult::Outcome;

std::optional<StoredAlarm> find_alarm(Database& database, const std::string& id) {
  Statement row(database, std::string("SELECT ") + kAlarmColumns + " FROM alarms WHERE id = ?");
  row.bind(id);
  return row.step() ? std::optional<StoredAlarm>(read_alarm(row)) : std::nullopt;
}

ChangeResult acknowledge(Database& database, const Change& change) {
  if (const auto before = read_acknowledgement(database, change.subject)) {
    return {Outcome::kConflict, "it was acknowledged by " + before->by + " already"};
  }
  Statement(database, "INSERT INTO acknowledgements VALUES (?, ?, ?)")
      .bind(change.subject)
      .bind(to_milliseconds(change.mark.time))
      .bind(change.mark.by)
      .step();
  return {Outcome::kDone, ""};
}

ChangeResult label(Database& database, const Change& change, const StoredAlarm& alarm) {
  if (!alarm.record.fired_at) return {Outcome::kConflict, "it has not fired"};
  Statement(database,
            "INSERT INTO labels VALUES (?, ?, ?, ?, ?) ON CONFLICT (alarm) DO UPDATE SET "
            "is_false = excluded.is_false, note = excluded.note, time = excluded.time, "
            "by = excluded.by")
      .bind(change.subject)
      .bind(std::int64_t{change.is_false})
      .bind(change.text)
      .bind(to_milliseconds(change.mark.time))
      .bind(change.mark.by)
      .step();
  return {Outcome::kDone, ""};
}

ChangeResult mute(Database& database, const Change& change) {
  Statement(database,
            "INSERT INTO mutes VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET "
            "until = excluded.until, reason = excluded.reason, time = excluded.time, "
            "by = excluded.by")
      .bind(change.subject)
      .bind(to_milliseconds(change.until))
      .bind(change.text)
      .bind(to_milliseconds(change.mark.time))
      .bind(change.mark.by)
      .step();
  return {Outcome::kDone, ""};
}

ChangeResult unmute(Database& database, const Change& change) {
  Statement(database, "DELETE FROM mutes WHERE stream = ? AND until > ?")
      .bind(change.subject)
      .bind(to_milliseconds(change.mark.time))
      .step();
  if (sqlite3_changes(database.handle()) > 0) return {Outcome::kDone, ""};
  return {Outcome::kConflict, "it is not muted by hand"};
}

ChangeResult apply(Database& database, const Change& change, KeptChange& kept) {
  switch (change.kind) {
    case Change::Kind::kMute:
      return mute(database, change);
    case Change::Kind::kUnmute:
      return unmute(database, change);
    case Change::Kind::kAcknowledge:
    case Change::Kind::kLabel:
      break;
  }
  kept.alarm = find_alarm(database, change.subject);
  if (!kept.alarm) return {Outcome::kNotFound, "there is no such alarm"};
  return change.kind == Change::Kind::kAcknowledge ? acknowledge(database, change)
                                                   : label(database, change, *kept.alarm);
}

}  // namespace

const char* name_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kAcknowledge:
      return "acknowledge";
    case Change::Kind::kLabel:
      return "label";
    case Change::Kind::kMute:
      return "mute";
    case Change::Kind::kUnmute:
      break;
  }
  return "unmute";
}

ChangeResult apply_change(Database& database, const Change& change, KeptChange& kept) {
  kept.change = change;
  ChangeResult result = apply(database, change, kept);
  if (result.outcome != Outcome::kDone) return result;
  AuditEntry entry;
  entry.time = change.mark.time;
  entry.by = change.mark.by;
  entry.action = name_of(change.kind);
  entry.subject = change.subject;
  entry.detail = change.detail;
  kept.audit = write_audit(database, entry);
  return result;
}

std::map<std::string, Mute> read_mutes(Database& database) {
  std::map<std::string, Mute> mutes;
  Statement rows(database, "SELECT stream, until, reason, time, by FROM mutes");
  while (rows.step()) {
    mutes[rows.text(0)] = {from_milliseconds(rows.whole(1)),
                           rows.text(2),
                           {from_milliseconds(rows.whole(3)), rows.text(4)}};
  }
  return mutes;
}

void drop_old_mutes(Database& database, WallTime now) {
  Statement(database, "DELETE FROM mutes WHERE until <= ?").bind(to_milliseconds(now)).step();
}

std::optional<Mark> read_acknowledgement(Database& database, const std::string& alarm) {
  Statement row(database, "SELECT time, by FROM acknowledgements WHERE alarm = ?");
  row.bind(alarm);
  if (!row.step()) return std::nullopt;
  return Mark{from_milliseconds(row.whole(0)), row.text(1)};
}

std::optional<Label> read_label(Database& database, const std::string& alarm) {
  Statement row(database, "SELECT is_false, note, time, by FROM labels WHERE alarm = ?");
  row.bind(alarm);
  if (!row.step()) return std::nullopt;
  return Label{row.whole(0) != 0, row.text(1), {from_milliseconds(row.whole(2)), row.text(3)}};
}

}  // namespace dfd::monitor
