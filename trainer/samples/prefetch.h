// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Batches made ahead of the network, in threads of their own.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/serial.h"

namespace dfd {

// Gives what make() makes of first, first + 1, ... in that order, however many threads make it.
// Thread-compatible; make is called on any thread, for several numbers at once, and must depend on
// the number alone.
template <typename Batch>
class Prefetch {
 public:
  using Make = std::function<Batch(std::int64_t number)>;

  // Numbers below end. At most two a thread are held.
  Prefetch(Make make, std::int64_t first, std::int64_t end, int threads)
      : make_(std::move(make)), next_out_(first), next_in_(first), end_(end), ahead_(2 * threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Prefetch() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      end_ = next_in_;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // The next one. Throws what make threw.
  Batch next() {
    const auto begin = std::chrono::steady_clock::now();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return made_.count(next_out_) > 0 || error_; });
    waited_ += std::chrono::steady_clock::now() - begin;
    if (error_) std::rethrow_exception(error_);
    auto found = made_.extract(next_out_++);
    changed_.notify_all();
    return std::move(found.mapped());
  }

  // How long next() has waited in all.
  std::chrono::duration<double> waited() const { return waited_; }

 private:
  void work() {
    const Serial serial;  // What is small is not shared with the network's threads.
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock,
                    [&] { return next_in_ >= end_ || next_in_ < next_out_ + ahead_ || error_; });
      if (next_in_ >= end_ || error_) return;
      const std::int64_t number = next_in_++;
      lock.unlock();
      try {
        Batch batch = make_(number);
        lock.lock();
        made_.emplace(number, std::move(batch));
      } catch (...) {
        lock.lock();
        if (!error_) error_ = std::current_exception();
      }
      changed_.notify_all();
    }
  }

  Make make_;
  std::mutex mutex_;  // Of all that follows.
  std::condition_variable changed_;
  std::map<std::int64_t, Batch> made_;
  std::int64_t next_out_, next_in_, end_, ahead_;
  std::exception_ptr error_;
  std::chrono::duration<double> waited_{};
  std::vector<std::thread> threads_;
};

}  // namespace dfd
