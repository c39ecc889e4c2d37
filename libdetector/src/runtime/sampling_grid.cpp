// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/sampling_grid.h"

namespace dfd {

std::optional<Ticket> SamplingGrid::ticket(Timestamp time, bool seeks) const {
  Ticket ticket;
  ticket.time_ = time;
  ticket.grid_ = generation_;
  ticket.samples_ = !anchor_ || time >= *anchor_ + next_ * sample_period_;
  ticket.seeks_ = seeks && (!sought_ || time - *sought_ >= detection_interval_);
  if (!ticket.samples_ && !ticket.seeks_) return std::nullopt;
  return ticket;
}

bool SamplingGrid::take(const Ticket& ticket) {
  if (ticket.grid_ != generation_) return false;
  if (!anchor_) anchor_ = ticket.time_;
  if (ticket.samples_) next_ = (ticket.time_ - *anchor_) / sample_period_ + 1;
  if (ticket.seeks_) sought_ = ticket.time_;
  return true;
}

void SamplingGrid::restart_samples() {
  ++generation_;
  anchor_.reset();
  next_ = 0;
}

void SamplingGrid::restart() {
  restart_samples();
  sought_.reset();
}

}  // namespace dfd
