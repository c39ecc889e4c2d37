// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recorders for the streams that want them, and what is told of what they make. Used on the main
// loop's thread.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "evidence/clip_maker.h"
#include "evidence/picture_maker.h"
#include "evidence/recorder.h"
#include "service/watched_stream.h"
#include "store/tables.h"

namespace dfd::monitor {

class Evidence {
 public:
  using Streams = std::vector<std::unique_ptr<WatchedStream>>;

  // Throws std::runtime_error where there is no folder for rings.
  Evidence(const Config& config, std::shared_ptr<PictureMaker> pictures);

  // After the recorders.
  ~Evidence();
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  // For another configuration. Throws as the constructor does; then nothing changes.
  void prepare(const Config& config);
  // It is in force.
  void configure(const Config& config);

  // Null where nothing of the stream is to be kept.
  std::unique_ptr<Recorder> recorder_for(const StreamConfig& config);

  // Tells what was made. `left` are streams that may not be watched any more and have open alarms
  // all the same.
  void update(Moment now, const Streams& streams, const std::map<std::string, StreamSnapshot>& left,
              const WatchedStream::Tell& tell);

  // Makes what is at hand, and tells that. Waits for up to ClipMaker::kCloseLimit.
  void close(Moment now, const Streams& streams, const WatchedStream::Tell& tell);

  std::uint64_t bytes() const { return clips_->bytes(); }
  // Of the last seconds of all streams.
  std::uint64_t ring_bytes() const { return rings_.room->bytes(); }

 private:
  void tell_results(Moment now, const Streams& streams, const WatchedStream::Tell& tell);
  void bound_rings(const EvidenceLimits& limits);

  RingPlace rings_{"", std::make_shared<RingRoom>()};
  std::unique_ptr<ClipMaker> clips_;
  std::shared_ptr<PictureMaker> pictures_;
  Time updated_;
};

}  // namespace dfd::monitor
