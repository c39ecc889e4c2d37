// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Hours of the week in which a stream is off the air, and nobody wants to hear of it.

#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/config.h"

namespace dfd::monitor {

class Schedule {
 public:
  // Of a configuration that was read: zones are known.
  explicit Schedule(const std::vector<OffAir>& entries);
  ~Schedule();
  Schedule(Schedule&&) noexcept;
  Schedule& operator=(Schedule&&) noexcept;

  // By the clocks of the entries' zones, through all changes of theirs.
  bool is_off_air(WallTime time) const;

 private:
  struct Entry;
  std::vector<Entry> entries_;
};

}  // namespace dfd::monitor
