// SPDX-License-Identifier: LGPL-2.1-or-later

#include "stream_counters.h"

#include <utility>

namespace dfd::monitor {

StreamCounters::StreamCounters(Counters left, JudgedDays judged)
    : sums_(std::move(left)), judged_(std::move(judged)) {
  // There before the first one is counted.
  add("judged_seconds", "", 0);
  add("clips", "", 0);
}

void StreamCounters::add(const std::string& name, const std::string& label, double amount) {
  sums_[{name, label}] += amount;
}

void StreamCounters::add(const Counters& left, const JudgedDays& judged) {
  for (const auto& [key, value] : left) sums_[key] += value;
  for (const auto& [day, seconds] : judged) judged_[day] += seconds;
}

void StreamCounters::add_judged(double seconds, WallTime now) {
  add("judged_seconds", "", seconds);
  // What a step took over midnight counts to the new day.
  judged_[utc_day(now)] += seconds;
  // The store has the others; the last one may not be written to its end yet.
  while (judged_.size() > 2) judged_.erase(judged_.begin());
}

void StreamCounters::add(Counters& counters, const Counts& counts) {
  counters[{"samples", ""}] += double(counts.samples);
  for (const auto& [reason, number] : counts.skipped) {
    counters[{"skipped", reason}] += double(number);
  }
  for (const auto& [bound, number] : counts.latency) counters[{"latency", bound}] += double(number);
  counters[{"latency_seconds", ""}] += counts.latency_seconds;
}

void StreamCounters::begin_connection() { add(sums_, std::exchange(analysed_, {})); }

Counters StreamCounters::read(const Stream& stream) const {
  Counters counters = sums_;
  add(counters, analysed_);
  const Watch& watch = stream.watch();
  counters[{"connects", ""}] += double(watch.connects());
  for (const FailureReason reason : kFailureReasons) {
    counters[{"failures", name_of(reason)}] += double(watch.failures(reason));
  }
  counters[{"frames", ""}] += double(stream.frames());
  return counters;
}

std::uint64_t StreamCounters::connects(const Stream& stream) const {
  const auto earlier = sums_.find({"connects", ""});
  return stream.watch().connects() +
         (earlier == sums_.end() ? 0 : static_cast<std::uint64_t>(earlier->second));
}

double StreamCounters::judged_on(const std::string& day) const {
  const auto judged = judged_.find(day);
  return judged == judged_.end() ? 0 : judged->second;
}

}  // namespace dfd::monitor
