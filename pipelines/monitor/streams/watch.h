// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Decides when a stream's source is opened, given up and tried again. It has no clock and no
// pipeline of its own: it is told the time and what was seen, and says what to do.

#pragma once

#include <cstdint>
#include <optional>

#include "streams/backoff.h"
#include "streams/failure.h"

namespace dfd::monitor {

enum class StreamState {
  kWaiting,     // For the next try.
  kConnecting,  // Open, no frame yet.
  kPlaying,     // Frames come.
  kClosing,     // Given up, and not yet gone.
};

// "waiting", "connecting", "playing", "closing".
const char* name_of(StreamState state);

// Of the connection at hand.
struct Seen {
  std::uint64_t frames = 0;
  // Means nothing without frames.
  Time last_frame;
  // Of the pipeline itself.
  std::optional<Failure> failure;
  // The pipeline is in NULL.
  bool closed = false;
};

class Watch {
 public:
  enum class Action { kNone, kOpen, kClose };

  // Opens with the first update().
  Watch(const StreamConfig& config, Backoff::Chance chance);

  // After kOpen a connection is at hand until it was `closed` or given up as stuck; `seen` means
  // nothing without one.
  Action update(Time now, const Seen& seen);

  // Timeouts and waits from now on.
  void configure(const StreamConfig& config);

  // What is watched is another source now: the connection at hand is given up, which is no failure,
  // and the next one made without a wait. Returns kClose where there is one to close.
  Action reopen(Time now);

  // A connection did not close within kCloseLimit and is left to itself.
  bool is_stuck() const { return stuck_; }

  StreamState state() const { return state_; }
  // When the state began.
  Time since() const { return since_; }
  // Why the last connection was given up; nothing from the first frame of the next one on, and
  // where it was for another source's sake.
  const std::optional<Failure>& failure() const { return failure_; }
  std::uint64_t connects() const { return connects_; }
  std::uint64_t failures(FailureReason reason) const;

  // What NULL may take; rtspsrc itself gives a server 0.1 s to say goodbye.
  static constexpr Duration kCloseLimit = std::chrono::seconds(10);

 private:
  std::optional<Failure> failure_in(Time now, const Seen& seen) const;
  void enter(StreamState state, Time now);
  void fail(const Failure& failure, Time now);

  Duration stall_timeout_;
  Duration first_frame_timeout_;
  Backoff backoff_;
  StreamState state_ = StreamState::kWaiting;
  Time since_;
  Time next_try_;
  // The wait before this connection: so long it has to play until it counts as well.
  Duration last_wait_{};
  std::optional<Failure> failure_;
  bool stuck_ = false;
  std::uint64_t connects_ = 0;
  std::array<std::uint64_t, kFailureReasons.size()> failures_{};
};

}  // namespace dfd::monitor
