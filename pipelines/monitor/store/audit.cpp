// SPDX-License-Identifier: LGPL-2.1-or-later

#include "audit.h"

#include <utility>

#include "base/digest.h"
#include "store/tables.h"

namespace dfd::monitor {
namespace {

// SHA-256 of nothing that ever was.
std::string first_previous() {
  constexpr std::size_t kDigits = 64;
  return std::string(kDigits, '0');
}

// A line each. Names, subjects and JSON hold no line ends, so that no two entries give one text.
std::string hash_of(const AuditEntry& entry) {
  return sha256_of(std::to_string(entry.number) + "\n" +
                   std::to_string(to_milliseconds(entry.time)) + "\n" + entry.by + "\n" +
                   entry.action + "\n" + entry.subject + "\n" + entry.detail + "\n" +
                   entry.previous);
}

}  // namespace

AuditEntry write_audit(Database& database, AuditEntry entry) {
  {
    Statement last(database, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
    const bool any = last.step();
    entry.number = any ? last.whole(0) + 1 : 1;
    entry.previous = any ? last.text(1) : first_previous();
  }
  entry.hash = hash_of(entry);
  Statement(database, "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(entry.number)
      .bind(to_milliseconds(entry.time))
      .bind(entry.by)
      .bind(entry.action)
      .bind(entry.subject)
      .bind(entry.detail)
      .bind(entry.previous)
      .bind(entry.hash)
      .step();
  return entry;
}

AuditCheck check_audit(Database& database, const std::function<void(const AuditEntry&)>& each) {
  AuditCheck check;
  check.last_hash = first_previous();
  Statement rows(database,
                 "SELECT number, time, by, action, subject, detail, previous, hash FROM audit "
                 "ORDER BY number");
  while (rows.step()) {
    AuditEntry entry{rows.whole(0), from_milliseconds(rows.whole(1)),
                     rows.text(2),  rows.text(3),
                     rows.text(4),  rows.text(5),
                     rows.text(6),  rows.text(7)};
    if (entry.number != check.entries + 1 || entry.previous != check.last_hash ||
        entry.hash != hash_of(entry)) {
      check.broken = check.entries + 1;
      return check;
    }
    each(entry);
    ++check.entries;
    check.last_hash = std::move(entry.hash);
  }
  return check;
}

}  // namespace dfd::monitor
