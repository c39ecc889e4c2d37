// SPDX-License-Identifier: LGPL-2.1-or-later

#include "spool.h"

namespace dfd::monitor {
namespace {

void make_tables(Database& database) {
  database.run(
      "CREATE TABLE IF NOT EXISTS spool (sequence INTEGER PRIMARY KEY AUTOINCREMENT, "
      "id TEXT NOT NULL UNIQUE, event TEXT NOT NULL)");
}

bool insert(Database& database, const Spool::Item& item) {
  Statement(database, "INSERT OR IGNORE INTO spool (id, event) VALUES (?, ?)")
      .bind(item.id)
      .bind(item.event)
      .step();
  Statement changes(database, "SELECT changes()");
  changes.step();
  return changes.whole(0) > 0;
}

}  // namespace

Spool::Spool(const std::string& path, std::int64_t most_bytes)
    : database_(open_checked(path, make_tables).database), most_bytes_(most_bytes) {
  count();
}

void Spool::count() {
  Statement all(database_,
                "SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(event AS BLOB))), 0) FROM spool "
                "WHERE sequence > ?");
  all.bind(done_).step();
  size_ = static_cast<std::size_t>(all.whole(0));
  bytes_ = all.whole(1);
}

void Spool::add(const std::deque<Item>& items) {
  // What the object knows changes when the file has.
  std::size_t size = size_;
  std::int64_t bytes = bytes_;
  std::uint64_t dropped = 0;
  std::int64_t done = done_;
  Transaction transaction(database_);
  Statement(database_, "DELETE FROM spool WHERE sequence <= ?").bind(done_).step();
  for (const Item& item : items) {
    if (!insert(database_, item)) continue;
    ++size;
    bytes += static_cast<std::int64_t>(item.event.size());
  }
  for (; bytes > most_bytes_ && size > 1; --size, ++dropped) {
    const Item first = oldest().value();
    Statement(database_, "DELETE FROM spool WHERE sequence = ?").bind(first.sequence).step();
    bytes -= static_cast<std::int64_t>(first.event.size());
    done = first.sequence;
  }
  transaction.commit();
  size_ = size;
  bytes_ = bytes;
  dropped_ += dropped;
  done_ = done;
}

std::optional<Spool::Item> Spool::oldest() {
  Statement oldest(
      database_,
      "SELECT id, event, sequence FROM spool WHERE sequence > ? ORDER BY sequence LIMIT 1");
  if (!oldest.bind(done_).step()) return std::nullopt;
  return Item{oldest.text(0), oldest.text(1), oldest.whole(2)};
}

std::optional<Spool::Item> Spool::first() {
  try {
    return oldest();
  } catch (const StoreError& error) {
    damaged_ = damaged_ || error.is_damaged();
    return std::nullopt;
  }
}

void Spool::remove(const Item& item) {
  done_ = item.sequence;
  bytes_ -= static_cast<std::int64_t>(item.event.size());
  --size_;
  try {
    Statement(database_, "DELETE FROM spool WHERE sequence <= ?").bind(done_).step();
  } catch (const StoreError& error) {
    damaged_ = damaged_ || error.is_damaged();
    // Of a full disk add() tells, which deletes it, too.
  }
}

}  // namespace dfd::monitor
