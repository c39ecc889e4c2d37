// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is told to the outside: CloudEvents 1.0, each a JSON object.
// docs/schema/monitor-event.schema.json is their schema, docs/monitor.md says what the fields mean.

#pragma once

#include <optional>
#include <string>

#include "alarms/alarm.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/config.h"
#include "findings/finding.h"
#include "store/evidence_files.h"

namespace dfd::monitor {

// What an event says of the stream it is about.
struct EventStream {
  const StreamConfig* config = nullptr;
  // Counts its connections, from 1.
  std::uint64_t session = 0;
  // Of its pictures; 0 where it is not known.
  int width = 0;
  int height = 0;
};

struct StreamChange {
  std::string previous;
  std::string state;
  // Empty where there is none.
  std::string reason;
  // For people, masked.
  std::string text;
};

// org.deepfakedetect.stream.v1
Json stream_event(Moment now, const EventStream& stream, const StreamChange& change);

// org.deepfakedetect.alarm.v1. `finding` is null where the rule is not about faces.
Json alarm_event(Moment now, const EventStream& stream, const std::string& rule,
                 const AlarmTransition& transition, const Finding* finding);

struct ClipChange {
  std::string alarm;
  // "written", "deleted", "failed", "paused", "resumed".
  std::string state;
  // For people; empty where there is none.
  std::string text;
  // The rest where it was written; without a clip begin and end mean nothing.
  std::vector<EvidenceFile> files;
  double pre_roll_s = 0;
  WallTime begin;
  WallTime end;
};

// org.deepfakedetect.clip.v1
Json clip_event(Moment now, const EventStream& stream, const ClipChange& change);

// org.deepfakedetect.monitor.v1: "started", "stopped", or "flood".
Json monitor_event(Moment now, const std::string& state, const Config& config);

}  // namespace dfd::monitor
