// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The recorder of one stream, and those that it had before, until they have ended: that may take
// as long as a disk does, and nobody waits for it. Used on the main loop's thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "evidence/recorder.h"

namespace dfd::monitor {

class Recorders {
 public:
  // Null where nothing of the stream is to be kept. The configuration outlives what is made.
  using Make = std::function<std::unique_ptr<Recorder>(const StreamConfig&)>;

  // `make` may be null: nothing is recorded. Makes the first one.
  Recorders(Make make, const StreamConfig& config);

  // Null where nothing is recorded.
  Recorder* current() const { return current_.get(); }
  std::shared_ptr<Tap> tap() const { return current_ != nullptr ? current_->tap() : nullptr; }

  // Another one, if any, takes over; the clips of this one are asked for once it has ended.
  void replace(Moment now, const StreamConfig& config);
  void end(Moment now);

  // What is due. True once there is none that ends.
  bool update(Moment now);

  // Ends them all, and waits for that.
  void close(Moment now);

  // Packets and segments that were not recorded, or went before their time, by all of them.
  std::uint64_t lost() const;

  // So long one may take to end; then it is left behind with its clips.
  static constexpr Duration kEndLimit = std::chrono::seconds(10);

 private:
  struct Ending {
    std::unique_ptr<Recorder> recorder;
    Time since;
  };

  void finish(Recorder& recorder, Moment now);
  void leave_behind(std::unique_ptr<Recorder> recorder);

  Make make_;
  std::unique_ptr<Recorder> current_;
  std::vector<Ending> ending_;
  // By those that have ended.
  std::uint64_t lost_ = 0;
};

}  // namespace dfd::monitor
