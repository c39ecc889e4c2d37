// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What people change: they acknowledge and label alarms, and mute streams. Each change leaves an
// entry in the audit log, in the same transaction. Everything throws StoreError.

#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/audit.h"
#include "store/database.h"
#include "store/tables.h"

namespace dfd::monitor {

// Who did something, and when.
struct Mark {
  WallTime time;
  // The token's name.
  std::string by;
};

struct Label {
  // What fired was real faces only; otherwise it was forged ones.
  bool is_false = false;
  std::string note;
  Mark mark;
};

// Whatever is found is not known until then.
struct Mute {
  WallTime until;
  std::string reason;
  Mark mark;
};

struct Change {
  enum class Kind { kAcknowledge, kLabel, kMute, kUnmute };

  Kind kind = Kind::kAcknowledge;
  // An alarm's id, or a stream's that is known to be there.
  std::string subject;
  Mark mark;
  // Of kLabel.
  bool is_false = false;
  // The label's note, the mute's reason.
  std::string text;
  // Of kMute.
  WallTime until;
  // All of it for the audit log, one line of JSON.
  std::string detail;
};

// "acknowledge", "label", "mute", "unmute".
const char* name_of(Change::Kind kind);

struct ChangeResult {
  enum class Outcome {
    kDone,
    kNotFound,
    kConflict,  // With what is; `text` says what.
    kFailed,    // Nothing could be kept.
  };
  Outcome outcome = Outcome::kFailed;
  std::string text;
};

// A change that was kept, for those who act on it.
struct KeptChange {
  Change change;
  // As it is now; nothing where the change is not about an alarm.
  std::optional<StoredAlarm> alarm;
  AuditEntry audit;
};

// In a transaction of the caller's, to be committed where the outcome is kDone. `kept` is filled
// then.
ChangeResult apply_change(Database& database, const Change& change, KeptChange& kept);

std::map<std::string, Mute> read_mutes(Database& database);
// Those that are over go.
void drop_old_mutes(Database& database, WallTime now);
std::optional<Mark> read_acknowledgement(Database& database, const std::string& alarm);
std::optional<Label> read_label(Database& database, const std::string& alarm);

}  // namespace dfd::monitor
