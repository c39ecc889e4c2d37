// SPDX-License-Identifier: LGPL-2.1-or-later

#include "api_json.h"

#include <cmath>
#include <optional>
#include <string>

#include "base/text.h"

namespace dfd::monitor {
namespace {

void set(Json& object, const char* field, const std::string& value) {
  if (!value.empty()) object[field] = utf8(value);
}

void set(Json& object, const char* field, const std::optional<double>& value) {
  if (value) object[field] = *value;
}

void set(Json& object, const char* field, const std::optional<WallTime>& value) {
  if (value) object[field] = utc_text(*value);
}

void set_mark(Json& object, const std::string& prefix, const Mark& mark) {
  object[prefix + "at"] = utc_text(mark.time);
  object[prefix + "by"] = mark.by;
}

// Without digits that mean nothing.
double rounded(double value) { return std::round(value * 1000) / 1000; }

Json coverage_json(const StreamStatus& status) {
  return {{"day", status.day}, {"judged_seconds", rounded(status.judged_seconds)}};
}

}  // namespace

Json stream_json(const StreamStatus& status) {
  Json object = {{"id", status.id}, {"name", utf8(status.name)}};
  set(object, "group", status.group);
  object["mode"] = status.observe ? "observe" : "notify";
  object["state"] = status.state;
  object["since"] = utc_text(status.since);
  set(object, "reason", status.reason);
  set(object, "text", status.text);
  object["live"] = status.live;
  set(object, "last_frame", status.last_frame);
  object["verdict"] = status.verdict;
  set(object, "probability", status.probability);
  set(object, "on", status.on);
  object["muted"] = status.muted;
  set(object, "muted_until", status.muted_until);
  set(object, "mute_reason", status.mute_reason);
  object["coverage"] = coverage_json(status);
  return object;
}

Json history_json(const ProbabilityHistory& history) {
  Json values = Json::array();
  for (const auto& value : history.values) {
    values.push_back(value ? Json(rounded(*value)) : Json());
  }
  return {{"end", utc_text(history.end)},
          {"interval_s", to_seconds(Board::kSpan)},
          {"probabilities", std::move(values)}};
}

Json alarm_json(const KeptAlarm& kept) {
  const StoredAlarm& alarm = kept.alarm;
  const AlarmRecord& record = alarm.record;
  Json object = {{"id", record.id},
                 {"stream", alarm.stream},
                 {"rule", alarm.rule},
                 {"state", name_of(alarm.state)},
                 {"started_at", utc_text(record.started_at)}};
  set(object, "fired_at", record.fired_at);
  set(object, "ended_at", record.ended_at);
  set(object, "on", record.on);
  set(object, "off", record.off);
  set(object, "peak_probability", record.peak_probability);
  set(object, "mean_probability", record.mean_probability);
  object["seconds_over"] = rounded(record.seconds_over);
  set(object, "reason", record.reason);
  object["data_lost"] = record.data_lost;
  object["notified"] = alarm.notified;
  object["acknowledged"] = kept.acknowledged.has_value();
  if (kept.acknowledged) set_mark(object, "acknowledged_", *kept.acknowledged);
  if (kept.label) {
    object["label"] = kept.label->is_false ? "false" : "confirmed";
    set(object, "label_note", kept.label->note);
    set_mark(object, "label_", kept.label->mark);
  }
  Json files = Json::array();
  for (const EvidenceFile& file : kept.evidence) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  object["evidence"] = std::move(files);
  return object;
}

Json transitions_json(const std::vector<KeptTransition>& transitions) {
  Json list = Json::array();
  for (const KeptTransition& transition : transitions) {
    list.push_back({{"time", utc_text(transition.time)},
                    {"previous", transition.previous},
                    {"state", transition.state}});
  }
  return list;
}

}  // namespace dfd::monitor
