// SPDX-License-Identifier: LGPL-2.1-or-later

#include "alarm.h"

#include <algorithm>
#include <utility>

#include "base/identifier.h"

namespace dfd::monitor {

const char* name_of(AlarmState state) {
  switch (state) {
    case AlarmState::kPending:
      return "pending";
    case AlarmState::kFiring:
      return "firing";
    case AlarmState::kResolved:
      return "resolved";
    case AlarmState::kIdle:
      break;
  }
  return "idle";
}

Alarm::Alarm(const AlarmConfig& config) { configure(config); }

void Alarm::configure(const AlarmConfig& config) {
  window_ = from_seconds(config.window_s);
  least_over_ = from_seconds(config.window_s * config.min_over_ratio);
  hold_ = from_seconds(config.hold_s);
  cooldown_ = from_seconds(config.cooldown_s);
}

std::optional<AlarmTransition> Alarm::end(Moment now, const std::string& reason) {
  account(now.steady);
  last_ = {};
  if (state_ != AlarmState::kPending && state_ != AlarmState::kFiring) return std::nullopt;
  record_.reason = reason;
  record_.ended_at = now.wall;
  resolved_at_ = now.steady;
  std::vector<AlarmTransition> transitions;
  enter(state_ == AlarmState::kFiring ? AlarmState::kResolved : AlarmState::kIdle, transitions);
  return transitions.front();
}

Duration Alarm::over_in_window(Time now) {
  while (!over_.empty() && over_.front().end <= now - window_) over_.pop_front();
  Duration sum{};
  for (const Span& span : over_) sum += span.end - std::max(span.begin, now - window_);
  return sum;
}

// Time in which nobody can say is none of the window.
void Alarm::stand_still(Duration length) {
  for (Span& span : over_) {
    span.begin += length;
    span.end += length;
  }
  earliest_idle_ += length;
}

// The time since the last update goes to what held in it.
void Alarm::account(Time now) {
  const Time begin = std::exchange(last_time_, now).value_or(now);
  const Duration length = now - begin;
  if (state_ == AlarmState::kPending && last_.signal == Signal::kOver &&
      length > Duration::zero()) {
    if (!over_.empty() && over_.back().end == begin) {
      over_.back().end = now;
    } else {
      over_.push_back({begin, now});
    }
  }
  if (state_ == AlarmState::kPending && last_.signal == Signal::kUnknown) stand_still(length);
  if (state_ != AlarmState::kPending && state_ != AlarmState::kFiring) return;
  if (last_.signal == Signal::kOver) record_.seconds_over += to_seconds(length);
  if (last_.probability && last_.signal != Signal::kUnknown && length > Duration::zero()) {
    record_.seconds_with_probability += to_seconds(length);
    const double mean = record_.mean_probability.value_or(0);
    record_.mean_probability =
        mean + (*last_.probability - mean) * to_seconds(length) / record_.seconds_with_probability;
  }
  if (last_.signal == Signal::kBelow) {
    held_ += length;
  } else if (last_.signal != Signal::kUnknown) {
    held_ = {};
  }
}

void Alarm::begin(Moment now, Duration lasted) {
  // What came before the last one's end was of that.
  const WallTime earliest = record_.ended_at.value_or(WallTime::min());
  record_ = {};
  record_.id = make_id(now.wall);
  record_.started_at =
      std::max(earliest, now.wall - std::chrono::duration_cast<WallTime::duration>(lasted));
  held_ = {};
  over_.clear();
}

void Alarm::restore(AlarmState state, AlarmRecord record) {
  restored_ = true;
  state_ = state;
  record_ = std::move(record);
  held_ = {};
  over_.clear();
  record_.data_lost = record_.data_lost || state == AlarmState::kFiring;
}

void Alarm::note(const AlarmInput& input) {
  if (state_ == AlarmState::kFiring && input.signal == Signal::kUnknown) record_.data_lost = true;
  record_.reason = input.reason;
  record_.on = input.on ? input.on : record_.on;
  record_.off = input.off ? input.off : record_.off;
  if (input.probability && input.signal != Signal::kUnknown) {
    record_.peak_probability = std::max(record_.peak_probability.value_or(0), *input.probability);
  }
}

void Alarm::enter(AlarmState state, std::vector<AlarmTransition>& transitions) {
  const AlarmState previous = std::exchange(state_, state);
  transitions.push_back({previous, state, record_});
}

void Alarm::step(Moment now, const AlarmInput& input, std::vector<AlarmTransition>& transitions) {
  if (std::exchange(restored_, false)) earliest_idle_ = now.steady + window_;
  if (state_ == AlarmState::kResolved && now.steady - resolved_at_ >= cooldown_) {
    state_ = AlarmState::kIdle;
  }
  if (state_ == AlarmState::kIdle && input.signal == Signal::kOver) {
    begin(now, input.lasted);
    note(input);
    enter(AlarmState::kPending, transitions);
  } else if (state_ == AlarmState::kPending || state_ == AlarmState::kFiring) {
    note(input);
  }
  if (state_ == AlarmState::kPending) {
    const Duration over = over_in_window(now.steady);
    if (input.signal == Signal::kOver && over >= least_over_) {
      record_.fired_at = now.wall;
      ++fired_;
      held_ = {};
      enter(AlarmState::kFiring, transitions);
    } else if (input.signal != Signal::kOver && input.signal != Signal::kUnknown &&
               over == Duration::zero() && now.steady >= earliest_idle_) {
      record_.ended_at = now.wall;
      enter(AlarmState::kIdle, transitions);
    }
  } else if (state_ == AlarmState::kFiring && input.signal == Signal::kBelow && held_ >= hold_) {
    record_.ended_at = now.wall;
    resolved_at_ = now.steady;
    enter(AlarmState::kResolved, transitions);
  }
}

std::vector<AlarmTransition> Alarm::update(Moment now, const AlarmInput& input) {
  std::vector<AlarmTransition> transitions;
  account(now.steady);
  step(now, input, transitions);
  last_ = input;
  return transitions;
}

}  // namespace dfd::monitor
