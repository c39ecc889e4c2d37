// SPDX-License-Identifier: LGPL-2.1-or-later

#include "stream.h"

#include <random>
#include <utility>

#include "base/log.h"
#include "config/source_uri.h"

namespace dfd::monitor {
namespace {

Backoff::Chance make_chance() {
  return [generator = std::minstd_rand(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(generator);
  };
}

}  // namespace

Stream::Stream(const StreamConfig& config, Handler handler, std::shared_ptr<Tap> tap)
    : config_(&config),
      handler_(std::move(handler)),
      tap_(std::move(tap)),
      watch_(config, make_chance()) {
  if (kind_of(config.uri) != SourceKind::kFile) return;
  log_line(config.id + ": a file, played over and over: for tests and demonstrations");
}

void Stream::open() {
  earlier_frames_ += std::exchange(frames_, 0);
  connection_ =
      std::make_unique<Connection>(make_pipeline(config_->uri, config_->credentials,
                                                 make_detect(config_->id, config_->detect), tap_),
                                   handler_);
}

void Stream::note_frames(Moment now, const Seen& seen) {
  frames_ = seen.frames;
  if (seen.frames == 0) return;
  last_frame_steady_ = seen.last_frame;
  last_frame_ =
      now.wall - std::chrono::duration_cast<WallTime::duration>(now.steady - seen.last_frame);
}

bool Stream::update(Moment now) {
  const StreamState before = watch_.state();
  Seen seen;
  if (connection_ != nullptr) {
    seen = connection_->seen();
    note_frames(now, seen);
  }
  switch (watch_.update(now.steady, seen)) {
    case Watch::Action::kOpen:
      open();
      break;
    case Watch::Action::kClose:
      connection_->close();
      break;
    case Watch::Action::kNone:
      if (watch_.state() == StreamState::kWaiting) connection_.reset();
      break;
  }
  return watch_.state() != before;
}

void Stream::reopen(Moment now) {
  if (watch_.reopen(now.steady) == Watch::Action::kClose) connection_->close();
}

void Stream::close(Moment now) {
  closing_since_ = now.steady;
  if (connection_ != nullptr) connection_->close();
}

bool Stream::is_closed(Moment now) {
  if (connection_ == nullptr) return true;
  const bool closed = connection_->seen().closed;
  if (!closed && now.steady - *closing_since_ < Watch::kCloseLimit) return false;
  left_behind_ = !closed;
  connection_.reset();
  return true;
}

bool Stream::is_live(Moment now) const {
  return watch_.state() == StreamState::kPlaying && now.steady - last_frame_steady_ < kFresh;
}

std::uint64_t Stream::frames() const { return earlier_frames_ + frames_; }

}  // namespace dfd::monitor
