// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events that wait on disk until somebody has them, in their order. Used by one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "store/database.h"

namespace dfd::monitor {

class Spool {
 public:
  struct Item {
    // Of the event, as it names itself: one that waits already is not added again.
    std::string id;
    std::string event;
    std::int64_t sequence = 0;
  };

  // Opens the file or makes it. Throws StoreError, as add() and count() do.
  Spool(const std::string& path, std::int64_t most_bytes);

  // All are on disk when it returns, and none when it throws. The oldest are dropped beyond the
  // bound, but for the last one.
  void add(const std::deque<Item>& items);

  // The oldest; nothing where none waits, or the file cannot be read.
  std::optional<Item> first();
  // Of what first() gave: it does not come back, and where the file cannot be written, not before a
  // restart.
  void remove(const Item& item);

  // Counts anew: somebody else may have added to the file.
  void count();

  // The file was found to be: it is opened anew, which puts it aside.
  bool is_damaged() const { return damaged_; }
  std::size_t size() const { return size_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::optional<Item> oldest();

  Database database_;
  std::int64_t most_bytes_;
  std::size_t size_ = 0;
  std::int64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  bool damaged_ = false;
  // Up to here none waits any more.
  std::int64_t done_ = 0;
};

}  // namespace dfd::monitor
