// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One alarm of one rule: when it begins, fires and ends. It has no clock of its own: each update
// brings the time, and what it was told holds until the next one.

#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"

namespace dfd::monitor {

// idle -> pending -> firing -> resolved -> idle; pending that comes to nothing -> idle.
enum class AlarmState { kIdle, kPending, kFiring, kResolved };

// "idle", "pending", "firing", "resolved".
const char* name_of(AlarmState state);

// What a rule makes of the newest that is known.
enum class Signal {
  kUnknown,  // Nobody can say; never taken for good news.
  kBelow,    // Below `off`.
  kBetween,  // Neither: what is, stays.
  kOver,     // `on` or above.
};

struct AlarmInput {
  Signal signal = Signal::kUnknown;
  // Why it is not known, or what it is about; for people and programs.
  std::string reason;
  // In [0, 1], all three; absent where the rule has none.
  std::optional<double> probability;
  std::optional<double> on;
  std::optional<double> off;
  // What is told now began so long ago: a face's score is one of a whole window.
  Duration lasted{};
};

// What is told of an incident.
struct AlarmRecord {
  std::string id;
  // When the first window that was over `on` began.
  WallTime started_at;
  std::optional<WallTime> fired_at;
  std::optional<WallTime> ended_at;
  std::optional<double> peak_probability;
  // Over the time in which there was one, which is not told.
  std::optional<double> mean_probability;
  double seconds_with_probability = 0;
  std::optional<double> on;
  std::optional<double> off;
  double seconds_over = 0;
  std::string reason;
  // Part of the time since it fired nobody could say.
  bool data_lost = false;
};

struct AlarmTransition {
  AlarmState previous = AlarmState::kIdle;
  AlarmState state = AlarmState::kIdle;
  AlarmRecord record;
};

class Alarm {
 public:
  explicit Alarm(const AlarmConfig& config);

  // Times do not go back. More than one transition where the window is empty. The return from
  // resolved to idle is none: nothing happens then.
  std::vector<AlarmTransition> update(Moment now, const AlarmInput& input);

  // An alarm of an earlier run that was pending or firing is that again. Nobody looked in between:
  // one that fires has lost data, and ends by what is seen from now on; a pending one is given
  // another window of what is seen. Only where there is none at hand.
  void restore(AlarmState state, AlarmRecord record);

  // From now on; an alarm at hand goes on.
  void configure(const AlarmConfig& config);

  // Nobody asks any more. Of an alarm at hand that is told: it ends, for `reason`.
  std::optional<AlarmTransition> end(Moment now, const std::string& reason);

  AlarmState state() const { return state_; }
  // Of the alarm at hand, or the last one.
  const AlarmRecord& record() const { return record_; }
  // How often it fired.
  std::uint64_t fired() const { return fired_; }

 private:
  struct Span {
    Time begin;
    Time end;
  };

  void account(Time now);
  void stand_still(Duration length);
  void step(Moment now, const AlarmInput& input, std::vector<AlarmTransition>& transitions);
  void enter(AlarmState state, std::vector<AlarmTransition>& transitions);
  void begin(Moment now, Duration lasted);
  void note(const AlarmInput& input);
  Duration over_in_window(Time now);

  Duration window_{};
  Duration least_over_{};
  Duration hold_{};
  Duration cooldown_{};
  AlarmState state_ = AlarmState::kIdle;
  AlarmRecord record_;
  std::uint64_t fired_ = 0;
  // What holds since last_time_.
  AlarmInput last_;
  std::optional<Time> last_time_;
  bool restored_ = false;
  // Before that a pending alarm of an earlier run does not come to nothing.
  Time earliest_idle_;
  // When it was over, within the window.
  std::deque<Span> over_;
  Duration held_{};
  Time resolved_at_;
};

}  // namespace dfd::monitor
