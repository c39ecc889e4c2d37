// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The last seconds of a stream as its source sent them, in segments of MPEG-TS that each begin at a
// keyframe. Written by a thread of its own; where that does not keep up, what comes is dropped up
// to the next keyframe, and counted.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "evidence/ring_room.h"
#include "evidence/segment.h"
#include "evidence/segment_writer.h"
#include "streams/tap.h"

namespace dfd::monitor {

struct RingStats {
  std::uint64_t dropped = 0;
  std::uint64_t failures = 0;
  // Segments that went before their time, for room.
  std::uint64_t evicted = 0;
};

// Where rings are.
struct RingPlace {
  // It is there.
  std::string folder;
  std::shared_ptr<RingRoom> room;
};

class Ring : public Tap, public RingRoom::User {
 public:
  // `name` begins the names of its files. Keeps `kept` and at least the segment that it begins in,
  // as far as there is room for them.
  Ring(RingPlace place, std::string name, Duration kept);
  // As close().
  ~Ring() override;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  std::uint64_t begin() override;
  void take(std::uint64_t connection, Track track, GstCaps* caps, GstBuffer* buffer) override;

  void set_kept(Duration kept) { kept_ = kept; }

  // Finished ones, oldest first. Any thread.
  std::vector<Segment> segments() const;
  // The one whose pictures are taken now; 0 before the first.
  std::uint64_t connection() const;
  // Takes no more, and finishes the segment at hand. Comes back at once; has_ended() tells when
  // that is done.
  void end();
  bool has_ended() const { return ended_; }
  // As end(), and waits for it: up to SegmentWriter::kFinishLimit, where the disk does not hang.
  void close();
  // Of all segments that are held by anyone, and of the one at hand.
  std::uint64_t bytes() const override { return used_->bytes(); }
  std::shared_ptr<const SegmentFile> give_up() override;
  // Nothing can be recorded until what is held of it is let go of.
  bool is_cramped() const { return is_cramped_; }
  RingStats stats() const;

  // Short beside what is asked for, long beside what a file costs.
  static constexpr Duration kShortest = std::chrono::seconds(2);
  // A minute of 32 Mbit/s.
  static constexpr std::uint64_t kMostBytes = 256 << 20;
  // Some seconds: a disk may halt for so long.
  static constexpr std::size_t kMostWaiting = 16 << 20;

 private:
  struct Packet {
    std::uint64_t connection = 0;
    Track track = Track::kPictures;
    GstCaps* caps = nullptr;
    GstBuffer* buffer = nullptr;
    Time arrived;
    // As it came; what is added to it is in `buffer`.
    GstClockTime time = GST_CLOCK_TIME_NONE;
    std::int64_t shift = 0;
  };
  struct Current;

  void run();
  void handle(Packet packet);
  void handle_picture(Packet& packet);
  void open(const Packet& packet);
  void finish();
  // The segment at hand, or the next one: it cannot be written; there is no place for it.
  void fail(const std::string& text);
  void lose(const std::string& text);
  void trim();
  void keep_within_room();
  void begin_timeline(const std::deque<Packet>& packets);
  void note_sound(const Packet& packet);
  static bool jumped(GstBuffer* buffer, GstClockTime& last);
  void set_picture_times(Packet& packet);
  void hold_sound(Packet packet);
  void write_sound();
  static void drop(Packet& packet);

  const RingPlace place_;
  const std::string name_;
  const std::string unique_;
  std::atomic<Duration> kept_;
  const std::shared_ptr<ByteCount> used_;
  std::atomic<bool> is_cramped_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Packet> packets_;
  std::size_t waiting_ = 0;
  std::uint64_t connection_ = 0;
  bool wants_keyframe_ = false;
  bool end_ = false;
  std::atomic<bool> ended_{false};
  std::deque<Segment> segments_;
  RingStats stats_;

  // Of the thread.
  std::unique_ptr<Current> current_;
  std::uint64_t next_number_ = 0;
  GstCaps* sound_caps_ = nullptr;
  bool without_sound_ = false;
  int failures_in_row_ = 0;
  std::string said_;
  std::uint64_t timeline_connection_ = 0;
  // How often the times of each track began anew, and what is added since.
  int picture_epoch_ = 0;
  int sound_epoch_ = 0;
  std::map<int, std::int64_t> offsets_;
  // As they came; and as they are written.
  GstClockTime last_picture_ = GST_CLOCK_TIME_NONE;
  GstClockTime last_sound_ = GST_CLOCK_TIME_NONE;
  std::int64_t written_until_ = 0;
  // Sound that is ahead of the pictures, by its epoch.
  std::deque<std::pair<int, Packet>> sound_;
  std::thread thread_;
};

}  // namespace dfd::monitor
