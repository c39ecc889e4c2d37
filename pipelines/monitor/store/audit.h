// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who changed what. Each entry holds the digest of the one before, so that none can be changed or
// taken out in the middle without all later ones telling. Throws StoreError.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/database.h"

namespace dfd::monitor {

struct AuditEntry {
  // From 1, without gaps.
  std::int64_t number = 0;
  WallTime time;
  // The token's name.
  std::string by;
  std::string action;
  std::string subject;
  // One line of JSON.
  std::string detail;
  // Of the entry before, and of this one; 64 zeros before the first.
  std::string previous;
  std::string hash;
};

// Numbers the entry, chains it and writes it. Returns it whole.
AuditEntry write_audit(Database& database, AuditEntry entry);

struct AuditCheck {
  std::int64_t entries = 0;
  // Of the newest entry that was right.
  std::string last_hash;
  // The first entry that is not what was written, or whose predecessor is missing.
  std::optional<std::int64_t> broken;
};

// Goes through all of them, oldest first, to the first that is wrong.
AuditCheck check_audit(Database& database, const std::function<void(const AuditEntry&)>& each);

}  // namespace dfd::monitor
