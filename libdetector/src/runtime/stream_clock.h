// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which of a stream's times are to be believed. Timestamps jitter, stray and jump, in broken files
// and on purpose; a frame that is stamped oddly must not end what is known of the others.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "detector/frame.h"

namespace dfd {

// Thread-compatible.
class StreamClock {
 public:
  enum class Step {
    kOn,      // Later than all before, or as late: may be sampled.
    kBack,    // A little earlier than the newest: jitter.
    kStray,   // Far from the newest, and nobody knows yet whether others follow it there.
    kRestart  // Another time has begun: the second frame running that is far back, or far ahead
              // where the stream itself spoke of a hole; or times have made no sense for too long.
  };

  // Times up to `ahead` later than the newest are believed, those up to `back` earlier are jitter.
  void set_reach(std::chrono::nanoseconds back, std::chrono::nanoseconds ahead) {
    back_ = back;
    ahead_ = ahead;
  }

  // discont: the stream says that something is missing before this frame.
  Step step(Timestamp time, bool discont);

  // Nothing comes before this time: a frame near it is no stray.
  void expect(Timestamp time);

  // Where a frame without a timestamp follows: the frame before it, strays left out.
  std::optional<Timestamp> last() const { return last_; }

  void reset();

 private:
  struct Stray {
    Timestamp time;
    bool hole;  // Ahead, and the stream says so.
  };

  bool is_near(Timestamp time) const;  // The newest.
  bool follows(Timestamp time, const Stray& stray) const;
  Step restart(Timestamp time);

  std::chrono::nanoseconds back_{};
  std::chrono::nanoseconds ahead_{};
  std::optional<Timestamp> newest_;
  std::optional<Timestamp> last_;
  std::chrono::nanoseconds stride_{};  // Between the last two frames that went on.
  std::optional<Stray> stray_;         // The frame before, if it was one.
  // Since the newest time rose last: how far frames have come on behind it, and strays.
  std::chrono::nanoseconds behind_{};
  int strays_ = 0;
};

}  // namespace dfd
