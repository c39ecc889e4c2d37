// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread that may hang: in a write to a disk, in a camera's driver. Whoever has it asks it to
// end, waits for as long as it can afford, and then leaves it behind.
//
// A thread that is left goes on alone. What it has in common with its owner lives until it ends;
// all else of the owner is gone, so it touches nothing of that. It may never end: then it holds its
// memory until the process does.

#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace dfd::monitor {

// Used by one thread, which may be another one than made it; has_ended() by any.
class LeavableThread {
 public:
  // What both sides have in common is derived from it.
  struct Shared {
    // Guards what follows. Held by neither side while it works or waits for anything else.
    mutable std::mutex mutex;
    // Notified when it is to end and when it has ended, and by both sides for their own reasons.
    std::condition_variable changed;
    // The thread returns from its work soon after it sees this.
    bool end = false;

   private:
    friend class LeavableThread;
    bool ended_ = false;
  };

  LeavableThread() = default;
  // Where it has not ended, it is asked to, and left at once.
  ~LeavableThread();
  LeavableThread(const LeavableThread&) = delete;
  LeavableThread& operator=(const LeavableThread&) = delete;

  // Once. `work` is given what is shared, and throws nothing. Throws std::system_error where there
  // are no more threads.
  template <typename Derived>
  void start(const std::shared_ptr<Derived>& shared, void (*work)(Derived&)) {
    launch(shared, [given = shared.get(), work] { work(*given); });
  }
  bool is_started() const { return shared_ != nullptr; }

  // Comes back at once.
  void ask_to_end();

  // Asks, and waits until it has ended, for no longer than `limit`; then it is left. Whether it
  // has ended. Where none was started, it has.
  [[nodiscard]] bool end(Duration limit);

  // Nothing of its work is going on any more.
  bool has_ended() const;

 private:
  void launch(std::shared_ptr<Shared> shared, std::function<void()> work);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace dfd::monitor
