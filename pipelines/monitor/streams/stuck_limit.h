// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many pipelines that do not stop a program bears: each holds threads and memory, which only
// the end of the process gives back.

#pragma once

#include <cstddef>
#include <deque>

#include "base/clock.h"

namespace dfd::monitor {

class StuckLimit {
 public:
  // So many within kWithin.
  static constexpr std::size_t kMost = 3;
  static constexpr Duration kWithin = std::chrono::hours(1);

  // There is one more. True where that is too many: the program has to be started anew.
  bool note(Time now);

 private:
  std::deque<Time> stuck_;
};

}  // namespace dfd::monitor
