// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many alarms are told of within an hour, over all streams. It has no clock of its own.

#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace dfd::monitor {

class NotifyLimit {
 public:
  // 1 and more; nothing: no limit.
  explicit NotifyLimit(std::optional<int> most_per_hour) : most_(most_per_hour) {}

  // An alarm begins: whether it is told of, from its beginning to its end.
  bool admit(Time now, const std::string& alarm);

  // One that was told of came to nothing, and counts no more.
  void give_back(const std::string& alarm);

  // True once after the first refusal, and at most once an hour.
  bool take_flood();

 private:
  std::optional<int> most_;
  std::deque<std::pair<Time, std::string>> admitted_;
  std::optional<Time> flood_;
  bool flood_due_ = false;
};

}  // namespace dfd::monitor
