// SPDX-License-Identifier: LGPL-2.1-or-later

#include "told.h"

#include <utility>

#include "base/text.h"

namespace dfd::monitor {

StreamConfig unwatched(const std::string& id) {
  StreamConfig config;
  config.id = config.name = id;
  return config;
}

Json change_part(const Change& change) {
  Json part = {{"action", name_of(change.kind)}, {"by", change.mark.by}};
  if (change.kind == Change::Kind::kMute) part["until"] = utc_text(change.until);
  if (change.kind == Change::Kind::kLabel) part["label"] = change.is_false ? "false" : "confirmed";
  if (!change.text.empty()) part["text"] = utf8(change.text);
  return part;
}

WatchedStream::Told told_clip(Moment now, const EventStream& stream, const ClipResult& result) {
  ClipChange change;
  change.alarm = result.place.alarm;
  change.state = name_of(result.state);
  change.text = result.text;
  WatchedStream::Told told;
  if (result.state == ClipResult::State::kWritten) {
    change.files = result.files;
    change.begin = result.begin;
    change.end = result.end;
    change.pre_roll_s = result.pre_roll_s;
    told.evidence = EvidenceChange{result.place.alarm, result.files, false};
  } else if (result.state == ClipResult::State::kDeleted) {
    told.evidence = EvidenceChange{result.place.alarm, {}, true};
  }
  told.event = clip_event(now, stream, change);
  told.to_tell = result.notified;
  return told;
}

WatchedStream::Told told_marked(Moment now, const EventStream& stream, const StoredAlarm& alarm,
                                const Change& change) {
  Json event =
      alarm_event(now, stream, alarm.rule, {alarm.state, alarm.state, alarm.record}, nullptr);
  event["data"]["change"] = change_part(change);
  return {std::move(event), std::nullopt, {}, alarm.notified};
}

WatchedStream::Told told_superseded(Moment now, const EventStream& stream, StoredAlarm alarm) {
  const AlarmState previous = alarm.state;
  alarm.state = previous == AlarmState::kFiring ? AlarmState::kResolved : AlarmState::kIdle;
  alarm.record.ended_at = now.wall;
  alarm.record.reason = "superseded";
  alarm.record.data_lost = alarm.record.data_lost || previous == AlarmState::kFiring;
  Json event = alarm_event(now, stream, alarm.rule, {previous, alarm.state, alarm.record}, nullptr);
  const bool notified = alarm.notified;
  return {std::move(event), std::move(alarm), previous, notified};
}

}  // namespace dfd::monitor
