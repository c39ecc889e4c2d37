// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a stream counts, over its connections and over runs of the program: none ever goes down.
// Used on the main loop's thread.

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.h"
#include "findings/finding.h"
#include "store/tables.h"
#include "streams/stream.h"

namespace dfd::monitor {

class StreamCounters {
 public:
  // What the last run left.
  StreamCounters(Counters left, JudgedDays judged);

  // A counter that was added to, if only 0, is there from then on.
  void add(const std::string& name, const std::string& label, double amount = 1);

  // What the last run left is known only now.
  void add(const Counters& left, const JudgedDays& judged);

  // A verdict other than undecided was in force for so long, until `now`.
  void add_judged(double seconds, WallTime now);

  // All that the element has counted since the connection began.
  void set_analysed(Counts counts) { analysed_ = std::move(counts); }
  // The next element begins at 0.
  void begin_connection();

  // With what `stream` has counted so far in this run.
  Counters read(const Stream& stream) const;
  std::uint64_t connects(const Stream& stream) const;

  // Today's and the day's before.
  const JudgedDays& judged() const { return judged_; }
  // In seconds.
  double judged_on(const std::string& day) const;

 private:
  static void add(Counters& counters, const Counts& counts);

  // All but what is read elsewhere.
  Counters sums_;
  Counts analysed_;
  JudgedDays judged_;
};

}  // namespace dfd::monitor
