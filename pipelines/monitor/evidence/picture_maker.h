// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Makes JPEGs of pictures, on a thread of its own.

#pragma once

#include <gst/gst.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace dfd::monitor {

struct UnrefSample {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using Sample = std::unique_ptr<GstSample, UnrefSample>;

// The picture in its own shape, no wider than `most_width` pixels (0: as wide as it is). Takes as
// long as coding does. Throws std::runtime_error.
std::string jpeg_of(GstSample* sample, int most_width);

class PictureMaker {
 public:
  // On the maker's thread: makes a JPEG of a picture, none where nothing in it is wanted, or throws
  // std::runtime_error.
  using Code = std::function<std::string(GstSample*)>;
  // On the maker's thread; empty where there is none, or it cannot be made. Throws nothing.
  using Done = std::function<void(const std::string& jpeg)>;

  PictureMaker();
  // Waits for the picture at hand; those that wait are let go of.
  ~PictureMaker();
  PictureMaker(const PictureMaker&) = delete;
  PictureMaker& operator=(const PictureMaker&) = delete;

  // Comes back at once. Any thread. False where too many wait: then nothing is done.
  bool make(Sample sample, Code code, Done done);

  // Pictures that wait are as big as they were decoded: 3 MB each of 1920x1080.
  static constexpr std::size_t kMostWaiting = 32;

 private:
  struct Job {
    Sample sample;
    Code code;
    Done done;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace dfd::monitor
