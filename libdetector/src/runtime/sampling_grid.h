// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which frames of a stream are wanted: samples on a grid of the stream's time, and between them
// those in which faces are sought. Arithmetic alone: what is offered changes nothing, what is taken
// does.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "detector/session.h"

namespace dfd {

// Thread-compatible.
class SamplingGrid {
 public:
  // sample_period: > 0. detection_interval: >= 0.
  void set(std::chrono::nanoseconds sample_period, std::chrono::nanoseconds detection_interval) {
    sample_period_ = sample_period;
    detection_interval_ = detection_interval;
  }

  // What the frame of this time is wanted for; none: for nothing. seeks: faces may be sought in it.
  std::optional<Ticket> ticket(Timestamp time, bool seeks) const;

  // The frame has come. The first one is the grid's anchor. One sample a frame, however many points
  // of the grid the frame has passed. False, and nothing changes: the ticket is of another grid.
  bool take(const Ticket& ticket);

  void restart_samples();  // The next frame is the anchor.
  void restart();          // That, and faces are sought in it.

 private:
  std::chrono::nanoseconds sample_period_{1};
  std::chrono::nanoseconds detection_interval_{};
  std::optional<Timestamp> anchor_;
  std::int64_t next_ = 0;  // Index of the next sample.
  std::optional<Timestamp> sought_;
  std::uint64_t generation_ = 0;  // Counts restarts.
};

}  // namespace dfd
