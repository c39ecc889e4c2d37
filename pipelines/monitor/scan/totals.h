// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a scan comes to.

#pragma once

#include <cstdint>

#include "findings/finding.h"

namespace dfd::monitor {

// How many files.
struct Totals {
  std::uint64_t authentic = 0;
  std::uint64_t undecided = 0;
  std::uint64_t manipulated = 0;
  std::uint64_t failed = 0;
  // In folders, and no video.
  std::uint64_t skipped = 0;
  // Not looked at, for the scan was asked to stop.
  std::uint64_t remaining = 0;
  // Messages of a queue that name no file.
  std::uint64_t refused = 0;
  // Others have files of this scan, so that none here is no failure.
  bool elsewhere = false;
  // Too many pipelines did not stop: it has to be started anew.
  bool stuck = false;

  // A suspicious file counts as undecided.
  void add(Verdict verdict);

  std::uint64_t judged() const { return authentic + undecided + manipulated; }
  std::uint64_t files() const { return judged() + failed + remaining; }

  // 70 stuck; 21 none readable, or there was no file at all; 20 some failed or were refused; 10
  // manipulated; 11 undecided, or not all was looked at; 0 all authentic, or others have all files.
  // The first that is true.
  int exit_code() const;
};

}  // namespace dfd::monitor
