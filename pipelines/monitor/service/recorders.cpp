// SPDX-License-Identifier: LGPL-2.1-or-later

#include "recorders.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

std::uint64_t lost_by(const Recorder& recorder) {
  const RingStats stats = recorder.stats();
  return stats.dropped + stats.failures + stats.evicted;
}

}  // namespace

Recorders::Recorders(Make make, const StreamConfig& config)
    : make_(std::move(make)), current_(make_ ? make_(config) : nullptr) {}

void Recorders::replace(Moment now, const StreamConfig& config) {
  end(now);
  current_ = make_ ? make_(config) : nullptr;
}

void Recorders::end(Moment now) {
  if (current_ == nullptr) return;
  current_->end();
  ending_.push_back({std::move(current_), now.steady});
}

bool Recorders::update(Moment now) {
  if (current_ != nullptr) current_->update(now);
  for (Ending& ending : ending_) {
    if (ending.recorder->has_ended()) {
      finish(*ending.recorder, now);
      ending.recorder.reset();
    } else if (now.steady - ending.since >= kEndLimit) {
      leave_behind(std::move(ending.recorder));
    }
  }
  ending_.erase(std::remove_if(ending_.begin(), ending_.end(),
                               [](const Ending& ending) { return ending.recorder == nullptr; }),
                ending_.end());
  return ending_.empty();
}

void Recorders::finish(Recorder& recorder, Moment now) {
  recorder.close(now);
  lost_ += lost_by(recorder);
}

void Recorders::leave_behind(std::unique_ptr<Recorder> recorder) {
  log_line("a recording does not end and is left behind, with what it had of open alarms");
  lost_ += lost_by(*recorder);
  // Whoever lets go of it waits for it.
  std::thread([last = std::shared_ptr<Recorder>(std::move(recorder))] {}).detach();
}

void Recorders::close(Moment now) {
  end(now);
  for (const Ending& ending : ending_) finish(*ending.recorder, now);
  ending_.clear();
}

std::uint64_t Recorders::lost() const {
  std::uint64_t lost = lost_;
  if (current_ != nullptr) lost += lost_by(*current_);
  for (const Ending& ending : ending_) lost += lost_by(*ending.recorder);
  return lost;
}

}  // namespace dfd::monitor
