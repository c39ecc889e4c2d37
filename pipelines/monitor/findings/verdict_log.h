// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What was said of the pictures of a stream, for a while.

#pragma once

#include <gst/gst.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace dfd::monitor {

// What was known of one picture, and the caps of it: a buffer with the result meta and no memory.
// Never changed once it is made.
struct Said {
  // Of the picture.
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  std::shared_ptr<GstSample> sample;
};

// Any thread.
class VerdictLog {
 public:
  using Clock = std::chrono::steady_clock;

  explicit VerdictLog(Clock::duration kept) : kept_(kept) {}

  // How long ago what is kept came at most.
  void set_kept(Clock::duration kept);

  // A picture of a connection that left deepfakedetect, and its running time. Copies what it says,
  // if that is news.
  void note(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer, GstClockTime running_time);

  // By rising running time, all from the last one at `begin` or before, up to `end`.
  std::vector<Said> between(std::uint64_t connection, GstClockTime begin, GstClockTime end) const;

 private:
  struct Entry {
    std::uint64_t connection = 0;
    Clock::time_point came;
    Said said;
  };

  mutable std::mutex mutex_;
  Clock::duration kept_;
  std::deque<Entry> entries_;
};

}  // namespace dfd::monitor
