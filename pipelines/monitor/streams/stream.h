// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One stream through all its connections. Used on the main loop's thread.

#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "config/config.h"
#include "streams/connection.h"
#include "streams/watch.h"

namespace dfd::monitor {

class Stream {
 public:
  // A message of the pipeline at hand.
  using Handler = std::function<void(GstMessage*)>;

  // `config` outlives it. `tap` may be null.
  Stream(const StreamConfig& config, Handler handler, std::shared_ptr<Tap> tap = nullptr);

  // What is due. True when the state changed.
  bool update(Moment now);

  // The configuration has changed: timeouts and waits are taken from it; what the next connection
  // is made of, is, too.
  void configure() { watch_.configure(*config_); }
  // Of the next connection; may be null.
  void set_tap(std::shared_ptr<Tap> tap) { tap_ = std::move(tap); }
  // Makes a new connection with it now.
  void reopen(Moment now);

  // Gives the connection up, for good. is_closed() tells when that is done; after
  // Watch::kCloseLimit it is left to itself.
  void close(Moment now);
  bool is_closed(Moment now);
  // Whether it was.
  bool is_left_behind() const { return left_behind_; }

  const StreamConfig& config() const { return *config_; }
  const Watch& watch() const { return watch_; }

  // Pictures come: the newest is not older than kFresh.
  bool is_live(Moment now) const;

  // Over all connections.
  std::uint64_t frames() const;
  std::optional<WallTime> last_frame() const { return last_frame_; }

  // Null while there is no connection.
  Connection* connection() const { return connection_.get(); }

  // After so long without a picture nobody can say what is shown. deepfakedetect calls a picture
  // that does not change for so long frozen.
  static constexpr Duration kFresh = std::chrono::seconds(2);

 private:
  void open();
  void note_frames(Moment now, const Seen& seen);

  const StreamConfig* config_;
  Handler handler_;
  std::shared_ptr<Tap> tap_;
  Watch watch_;
  std::unique_ptr<Connection> connection_;
  std::uint64_t earlier_frames_ = 0;
  std::uint64_t frames_ = 0;
  std::optional<WallTime> last_frame_;
  Time last_frame_steady_;
  std::optional<Time> closing_since_;
  bool left_behind_ = false;
};

}  // namespace dfd::monitor
