// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times. Whatever waits goes by the steady clock, which nobody sets; whatever is told goes by UTC.
// Nothing but now() asks the machine: all else is given its moments, so that tests can make them.

#pragma once

#include <chrono>
#include <string>

namespace dfd::monitor {

using Time = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct Moment {
  Time steady;
  WallTime wall;
};

Moment now();

// Parts below a nanosecond are dropped.
Duration from_seconds(double seconds);
double to_seconds(Duration duration);

// "2026-11-23T04:50:50.237Z"
std::string utc_text(WallTime time);

// "2026-11-23", the day of it.
std::string utc_day(WallTime time);

// Since 1970.
double unix_seconds(WallTime time);

}  // namespace dfd::monitor
