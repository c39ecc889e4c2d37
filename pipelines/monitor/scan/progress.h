// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How far a scan is, for who watches it on a terminal.

#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace dfd::monitor {

struct Progress {
  // Files, of `all`; those of an earlier run count.
  std::uint64_t done = 0;
  std::uint64_t all = 0;
  // In this run, and for so long.
  std::uint64_t looked_at = 0;
  Duration time{};
};

// "scan [####....] 12/34, 5.1 files a minute, 4 min left": what is not known yet is left out.
std::string progress_text(const Progress& progress);

// Shows it below all other lines, and nothing any more at its end.
class ProgressLine {
 public:
  ProgressLine() = default;
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // No more often than eyes follow.
  void show(const Progress& progress, Time now);

 private:
  Time shown_;
};

}  // namespace dfd::monitor
