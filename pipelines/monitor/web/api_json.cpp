// SPDX-License-Identifier: LGPL-2.1-or-later

#include "api_json.h"

#include <string>

#include "alarms/alarm_json.h"
#include "base/text.h"

namespace dfd::monitor {
namespace {

void set_text(Json& object, const char* field, const std::string& value) {
  if (!value.empty()) object[field] = utf8(value);
}

void set_mark(Json& object, const std::string& prefix, const Mark& mark) {
  object[prefix + "at"] = utc_text(mark.time);
  object[prefix + "by"] = mark.by;
}

Json day_json(const std::string& day, double judged_seconds) {
  return {{"day", day}, {"judged_seconds", in_thousandths(judged_seconds)}};
}

}  // namespace

Json stream_json(const StreamStatus& status) {
  Json object = {{"id", status.id}, {"name", utf8(status.name)}};
  set_text(object, "group", status.group);
  object["mode"] = status.observe ? "observe" : "notify";
  object["state"] = status.state;
  object["since"] = utc_text(status.since);
  set_text(object, "reason", status.reason);
  set_text(object, "text", status.text);
  object["live"] = status.live;
  set_known(object, "last_frame", status.last_frame);
  object["verdict"] = status.verdict;
  set_known(object, "probability", status.probability);
  set_known(object, "on", status.on);
  object["muted"] = status.muted;
  set_known(object, "muted_until", status.muted_until);
  set_text(object, "mute_reason", status.mute_reason);
  object["coverage"] = day_json(status.day, status.judged_seconds);
  return object;
}

Json days_json(const JudgedDays& days) {
  Json list = Json::array();
  for (auto day = days.rbegin(); day != days.rend(); ++day) {
    list.push_back(day_json(day->first, day->second));
  }
  return list;
}

Json history_json(const ProbabilityHistory& history) {
  Json values = Json::array();
  for (const auto& value : history.values) {
    values.push_back(value ? Json(in_thousandths(*value)) : Json());
  }
  return {{"end", utc_text(history.end)},
          {"interval_s", to_seconds(Board::kSpan)},
          {"probabilities", std::move(values)}};
}

Json alarm_json(const KeptAlarm& kept) {
  const StoredAlarm& alarm = kept.alarm;
  Json object = {{"id", alarm.record.id},
                 {"stream", alarm.stream},
                 {"rule", alarm.rule},
                 {"state", name_of(alarm.state)}};
  set_record(object, alarm.record);
  object["notified"] = alarm.notified;
  object["acknowledged"] = kept.acknowledged.has_value();
  if (kept.acknowledged) set_mark(object, "acknowledged_", *kept.acknowledged);
  if (kept.label) {
    object["label"] = kept.label->is_false ? "false" : "confirmed";
    set_text(object, "label_note", kept.label->note);
    set_mark(object, "label_", kept.label->mark);
  }
  Json files = Json::array();
  for (const EvidenceFile& file : kept.evidence) {
    files.push_back(file_json(file));
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
