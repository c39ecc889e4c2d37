// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Looks into what a Store keeps, on a thread of the reader's own: each look opens the file anew, so
// that one that was put aside is let go of. Everything throws StoreError, also where there is
// nothing yet.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/changes.h"
#include "store/evidence_files.h"
#include "store/tables.h"

namespace dfd::monitor {

struct AlarmQuery {
  // Any of them; empty: all.
  std::vector<AlarmState> states;
  // Empty: of all.
  std::string stream;
  // Those that are older than the one of this id; empty: from the newest on.
  std::string before;
  std::size_t most = 100;
};

// With what people made of it.
struct KeptAlarm {
  StoredAlarm alarm;
  std::optional<Mark> acknowledged;
  std::optional<Label> label;
  std::vector<EvidenceFile> evidence;
};

struct KeptTransition {
  WallTime time;
  std::string previous;
  std::string state;
};

class Reader {
 public:
  // Of the store's folder.
  explicit Reader(const std::string& folder) : path_(folder + "/state.sqlite") {}

  // Newest first.
  std::vector<KeptAlarm> alarms(const AlarmQuery& query) const;
  std::optional<KeptAlarm> alarm(const std::string& id) const;
  // Those of the rule that have a label, oldest first.
  std::vector<KeptAlarm> labelled(const std::string& rule) const;
  // Oldest first.
  std::vector<KeptTransition> transitions(const std::string& alarm) const;

  // The seconds judged of the last days before `day`, `most` of them.
  JudgedDays judged_before(const std::string& stream, const std::string& day,
                           std::size_t most) const;

  // Nothing where no such file is kept.
  std::optional<EvidenceFile> evidence(const std::string& alarm, const std::string& name) const;

  // Those after `sequence`, oldest first.
  std::vector<KeptEvent> events_after(std::int64_t sequence, std::size_t most) const;
  // 0 where there is none.
  std::int64_t last_event() const;

 private:
  std::string path_;
};

}  // namespace dfd::monitor
