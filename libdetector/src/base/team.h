// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads that share work of many short layers, the next of which needs all of the one before.
// OpenMP's either spin for as long as they wait, which takes the processor from the video, or sleep
// at once, and then a network of a hundred layers wakes them a hundred times; and all wait for the
// one that comes last, be it asleep: docs/decisions/0010. Here a piece is done by whoever is awake.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dfd {

// Thread-compatible.
class Team {
 public:
  explicit Team(int members);  // >= 1. Starts all but one, which have this thread's niceness.
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int members() const { return static_cast<int>(threads_.size()) + 1; }

  // A piece of a layer. Called on any member's thread.
  using Work = std::function<void(int layer, int piece)>;

  // Calls work once for each of `pieces` pieces of each of `layers` layers, this thread taking
  // part; a layer begins when all of the one before is done. The first error ends it and is thrown
  // here.
  void run(int layers, int pieces, const Work& work);

 private:
  void keep_off_this_core();
  void help();
  bool do_piece();
  void finish(std::uint64_t piece);
  void advance(std::uint64_t next);
  void await_change(std::uint64_t seen);

  // The next piece to take: (run, layer, piece) as one number, so that a thread that slept since it
  // looked takes nothing of what has come in between. Idle between runs.
  std::atomic<std::uint64_t> next_;
  std::atomic<int> done_{0};  // Pieces of this layer.
  // Written while next_ is idle.
  std::atomic<int> layers_{0}, pieces_{0};
  std::atomic<const Work*> work_{nullptr};
  std::uint64_t run_ = 0;
  int core_ = -1;  // Where the last run was begun.

  std::mutex mutex_;  // Held to fall asleep, to wake others, and to note an error.
  std::condition_variable changed_;
  std::atomic<int> asleep_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
  std::atomic<bool> ends_{false};
  std::vector<std::thread> threads_;
};

}  // namespace dfd
