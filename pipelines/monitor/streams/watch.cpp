// SPDX-License-Identifier: LGPL-2.1-or-later

#include "watch.h"

#include <sstream>
#include <utility>

namespace dfd::monitor {
namespace {

std::string seconds_text(Duration duration) {
  std::ostringstream stream;
  stream << to_seconds(duration) << " s";
  return stream.str();
}

}  // namespace

const char* name_of(StreamState state) {
  switch (state) {
    case StreamState::kWaiting:
      return "waiting";
    case StreamState::kConnecting:
      return "connecting";
    case StreamState::kPlaying:
      return "playing";
    case StreamState::kClosing:
      break;
  }
  return "closing";
}

Watch::Watch(const StreamConfig& config, Backoff::Chance chance)
    : stall_timeout_(from_seconds(config.stall_timeout_s)),
      first_frame_timeout_(from_seconds(config.first_frame_timeout_s)),
      backoff_(config.backoff, std::move(chance)) {}

void Watch::configure(const StreamConfig& config) {
  stall_timeout_ = from_seconds(config.stall_timeout_s);
  first_frame_timeout_ = from_seconds(config.first_frame_timeout_s);
  backoff_.configure(config.backoff);
}

Watch::Action Watch::reopen(Time now) {
  failure_.reset();
  backoff_.reset();
  next_try_ = now;
  if (state_ != StreamState::kConnecting && state_ != StreamState::kPlaying) return Action::kNone;
  enter(StreamState::kClosing, now);
  return Action::kClose;
}

std::uint64_t Watch::failures(FailureReason reason) const {
  return failures_[static_cast<std::size_t>(reason)];
}

void Watch::enter(StreamState state, Time now) {
  state_ = state;
  since_ = now;
}

void Watch::fail(const Failure& failure, Time now) {
  ++failures_[static_cast<std::size_t>(failure.reason)];
  failure_ = failure;
  last_wait_ = backoff_.next(failure.reason == FailureReason::kAuth);
  next_try_ = now + last_wait_;
}

std::optional<Failure> Watch::failure_in(Time now, const Seen& seen) const {
  if (seen.failure) return seen.failure;
  if (seen.closed) return Failure{FailureReason::kError, "the pipeline stopped by itself"};
  if (state_ == StreamState::kConnecting && now - since_ >= first_frame_timeout_) {
    return Failure{FailureReason::kNoFirstFrame,
                   "no picture within " + seconds_text(first_frame_timeout_)};
  }
  if (state_ == StreamState::kPlaying && now - seen.last_frame >= stall_timeout_) {
    return Failure{FailureReason::kStall, "no picture for " + seconds_text(stall_timeout_)};
  }
  return std::nullopt;
}

Watch::Action Watch::update(Time now, const Seen& seen) {
  if (state_ == StreamState::kWaiting) {
    if (now < next_try_) return Action::kNone;
    stuck_ = false;
    ++connects_;
    enter(StreamState::kConnecting, now);
    return Action::kOpen;
  }
  if (state_ == StreamState::kClosing) {
    if (!seen.closed && now - since_ < kCloseLimit) return Action::kNone;
    if (!seen.closed) {
      ++failures_[static_cast<std::size_t>(FailureReason::kStuck)];
      stuck_ = true;
    }
    enter(StreamState::kWaiting, now);
    return Action::kNone;
  }
  if (state_ == StreamState::kConnecting && seen.frames > 0) {
    enter(StreamState::kPlaying, now);
    failure_.reset();
  }
  // A source that shows a picture and dies at once would else be tried as fast as that goes.
  if (state_ == StreamState::kPlaying && now - since_ > last_wait_) backoff_.reset();
  if (const auto failure = failure_in(now, seen)) {
    fail(*failure, now);
    enter(StreamState::kClosing, now);
    return Action::kClose;
  }
  return Action::kNone;
}

}  // namespace dfd::monitor
