// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A piece of what a source sent, in a file of its own.

#pragma once

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"

namespace dfd::monitor {

// What the files of one take, which count for all as well. Any thread.
class ByteCount {
 public:
  explicit ByteCount(std::shared_ptr<ByteCount> all = nullptr) : all_(std::move(all)) {}

  void add(std::uint64_t bytes);
  void take_away(std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }

 private:
  const std::shared_ptr<ByteCount> all_;
  std::atomic<std::uint64_t> bytes_{0};
};

// A file that is removed with the last who holds it.
class SegmentFile {
 public:
  SegmentFile(std::string path, std::shared_ptr<ByteCount> used)
      : path_(std::move(path)), used_(std::move(used)) {}
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  // So much was written; measure() then says what it is, once it is whole.
  void grow(std::uint64_t bytes);
  void measure();
  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  std::shared_ptr<ByteCount> used_;
  std::uint64_t bytes_ = 0;
};

struct Segment {
  std::shared_ptr<const SegmentFile> file;
  // Counts all segments of a ring.
  std::uint64_t number = 0;
  // Segments of one connection follow each other without a gap in their times.
  std::uint64_t connection = 0;
  // When its keyframe came, and its last picture.
  Time begin;
  Time end;
  // Tap's times of its keyframe, and of the picture that is shown last; NONE where the source has
  // none, or they jump within the segment.
  GstClockTime first = GST_CLOCK_TIME_NONE;
  GstClockTime last = GST_CLOCK_TIME_NONE;
  // What is added to them in the file.
  std::int64_t shift = 0;
  // "video/x-h264" and such.
  std::string codec;
  // The element that parses it; empty where there is none.
  std::string sound_parser;
};

}  // namespace dfd::monitor
