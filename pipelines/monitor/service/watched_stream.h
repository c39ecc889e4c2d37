// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One stream with what is found in it and what is said of it. Used on the main loop's thread.

#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "alarms/alarm.h"
#include "alarms/rules.h"
#include "findings/finding.h"
#include "outputs/event.h"
#include "streams/stream.h"

namespace dfd::monitor {

class WatchedStream {
 public:
  using Tell = std::function<void(const Json&)>;

  struct Rule {
    std::string name;
    bool wanted = false;
    Alarm alarm;
  };

  // `config` outlives it. `hysteresis` is the element's.
  WatchedStream(const StreamConfig& config, double hysteresis, Tell tell);

  // What is due.
  void update(Moment now);

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  const Finding& finding() const { return finding_; }
  const std::array<Rule, 2>& rules() const { return rules_; }
  Coverage coverage(Moment now) const;

  // Over all connections: how long there was a verdict other than undecided, and what was analysed.
  double judged_seconds() const { return judged_seconds_; }
  Counts counts() const;

 private:
  void on_message(GstMessage* message);
  void on_state_changed(Moment now, StreamState previous);
  bool is_news(const Watch& watch);
  void account(Moment now);
  void poll_counts(Moment now);
  void update_alarms(Moment now);
  bool is_judged(Moment now) const;
  EventStream event_stream() const;

  double hysteresis_;
  Tell tell_;
  Stream stream_;
  Finding finding_;
  std::array<Rule, 2> rules_;
  // Since it last played.
  std::optional<FailureReason> told_failure_;
  std::optional<Time> last_update_;
  bool was_judged_ = false;
  double judged_seconds_ = 0;
  Counts earlier_counts_;
  Counts counts_;
  Time last_poll_;
};

}  // namespace dfd::monitor
