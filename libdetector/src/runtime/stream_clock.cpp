// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/stream_clock.h"

#include <algorithm>
#include <utility>

namespace dfd {

namespace {
// As many strays without a frame that goes on are no accident: nothing would be judged any more.
constexpr int kMostStrays = 25;
}  // namespace

bool StreamClock::is_near(Timestamp time) const {
  if (!newest_) return true;
  if (time < *newest_) return *newest_ - time <= back_;
  // In a slide show every picture is far from the one before. Twice: no pace is exactly kept.
  return time - *newest_ <= std::max(ahead_, 2 * stride_);
}

// Does this frame, far from the newest, go on from the stray before it? As a slide show's does, or
// one behind a hole.
bool StreamClock::follows(Timestamp time, const Stray& stray) const {
  if ((time > *newest_) != (stray.time > *newest_) || time < stray.time - back_) return false;
  return time < *newest_ || time - stray.time <= std::max(ahead_, 2 * (stray.time - *newest_));
}

StreamClock::Step StreamClock::restart(Timestamp time) {
  newest_ = last_ = time;
  stray_.reset();
  behind_ = {};
  strays_ = 0;
  return Step::kRestart;
}

StreamClock::Step StreamClock::step(Timestamp time, bool discont) {
  const std::optional<Stray> stray = std::exchange(stray_, std::nullopt);
  if (!is_near(time)) {
    if (!stray || !follows(time, *stray)) {
      if (++strays_ > kMostStrays) return restart(time);
      stray_ = Stray{time, discont && time > *newest_};
      return Step::kStray;
    }
    stride_ = std::chrono::abs(time - stray->time);
    if (time < *newest_ || stray->hole) return restart(time);
  } else if (newest_ && time < *newest_) {
    behind_ += std::max<std::chrono::nanoseconds>(time - *last_, {});
    last_ = time;
    // A short clip in a loop, say. One frame that lies ahead is caught up with sooner.
    return behind_ > back_ ? restart(time) : Step::kBack;
  } else if (newest_) {
    stride_ = time - *newest_;
  }
  if (!newest_ || time > *newest_) {
    behind_ = {};
    strays_ = 0;
  }
  newest_ = last_ = time;
  return Step::kOn;
}

void StreamClock::expect(Timestamp time) {
  if (newest_ && time > *newest_) stray_ = Stray{time, stray_ && stray_->hole};
}

void StreamClock::reset() {
  newest_.reset();
  last_.reset();
  stride_ = {};
  stray_.reset();
  behind_ = {};
  strays_ = 0;
}

}  // namespace dfd
