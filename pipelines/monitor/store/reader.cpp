// SPDX-License-Identifier: LGPL-2.1-or-later

#include "reader.h"

#include <utility>

namespace dfd::monitor {
namespace {

KeptAlarm kept_alarm(Database& database, StoredAlarm alarm) {
  KeptAlarm kept;
  kept.acknowledged = read_acknowledgement(database, alarm.record.id);
  kept.label = read_label(database, alarm.record.id);
  kept.evidence = read_evidence(database, alarm.record.id);
  kept.alarm = std::move(alarm);
  return kept;
}

}  // namespace

std::vector<KeptAlarm> Reader::alarms(const AlarmQuery& query) const {
  Database database(path_, Database::Access::kRead);
  std::string text = std::string("SELECT ") + kAlarmColumns + " FROM alarms WHERE 1";
  // Names of ours, so nothing has to be escaped.
  std::string states;
  for (const AlarmState state : query.states) {
    states += (states.empty() ? "'" : ", '") + std::string(name_of(state)) + "'";
  }
  if (!states.empty()) text += " AND state IN (" + states + ")";
  if (!query.stream.empty()) text += " AND stream = ?";
  if (!query.before.empty()) text += " AND id < ?";
  // Ids sort by time.
  Statement rows(database, text + " ORDER BY id DESC LIMIT ?");
  if (!query.stream.empty()) rows.bind(query.stream);
  if (!query.before.empty()) rows.bind(query.before);
  rows.bind(static_cast<std::int64_t>(query.most));
  std::vector<KeptAlarm> alarms;
  while (rows.step()) alarms.push_back(kept_alarm(database, read_alarm(rows)));
  return alarms;
}

std::optional<KeptAlarm> Reader::alarm(const std::string& id) const {
  Database database(path_, Database::Access::kRead);
  Statement row(database, std::string("SELECT ") + kAlarmColumns + " FROM alarms WHERE id = ?");
  row.bind(id);
  if (!row.step()) return std::nullopt;
  return kept_alarm(database, read_alarm(row));
}

std::vector<KeptAlarm> Reader::labelled(const std::string& rule) const {
  Database database(path_, Database::Access::kRead);
  Statement rows(database, std::string("SELECT ") + kAlarmColumns +
                               " FROM alarms WHERE rule = ? AND id IN (SELECT alarm FROM labels) "
                               "ORDER BY id");
  rows.bind(rule);
  std::vector<KeptAlarm> alarms;
  while (rows.step()) alarms.push_back(kept_alarm(database, read_alarm(rows)));
  return alarms;
}

std::vector<KeptTransition> Reader::transitions(const std::string& alarm) const {
  Database database(path_, Database::Access::kRead);
  Statement rows(database,
                 "SELECT time, previous, state FROM transitions WHERE alarm = ? "
                 "ORDER BY time, rowid");
  rows.bind(alarm);
  std::vector<KeptTransition> transitions;
  while (rows.step()) {
    transitions.push_back({from_milliseconds(rows.whole(0)), rows.text(1), rows.text(2)});
  }
  return transitions;
}

JudgedDays Reader::judged_before(const std::string& stream, const std::string& day,
                                 std::size_t most) const {
  Database database(path_, Database::Access::kRead);
  Statement rows(database,
                 "SELECT day, judged_seconds FROM coverage WHERE stream = ? AND day < ? "
                 "ORDER BY day DESC LIMIT ?");
  rows.bind(stream).bind(day).bind(static_cast<std::int64_t>(most));
  JudgedDays judged;
  while (rows.step()) judged[rows.text(0)] = rows.number(1);
  return judged;
}

std::optional<EvidenceFile> Reader::evidence(const std::string& alarm,
                                             const std::string& name) const {
  Database database(path_, Database::Access::kRead);
  for (EvidenceFile& file : read_evidence(database, alarm)) {
    if (file.name == name) return std::move(file);
  }
  return std::nullopt;
}

std::vector<KeptEvent> Reader::events_after(std::int64_t sequence, std::size_t most) const {
  Database database(path_, Database::Access::kRead);
  Statement rows(database,
                 "SELECT sequence, event FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?");
  rows.bind(sequence).bind(static_cast<std::int64_t>(most));
  std::vector<KeptEvent> events;
  while (rows.step()) events.push_back({rows.whole(0), rows.text(1)});
  return events;
}

std::int64_t Reader::last_event() const {
  Database database(path_, Database::Access::kRead);
  Statement row(database, "SELECT ifnull(max(sequence), 0) FROM events");
  row.step();
  return row.whole(0);
}

}  // namespace dfd::monitor
