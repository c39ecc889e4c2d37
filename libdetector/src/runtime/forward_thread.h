// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A thread for forward passes that is lent, not made: LibTorch and OpenMP keep memory, and a team
// of threads, for every thread that has ever run a forward. It and those it starts yield to threads
// of ordinary niceness: where the processor is short, samples are skipped and the video goes on.

#pragma once

#include <functional>

namespace dfd {

// Thread-compatible.
class ForwardThread {
 public:
  // Runs body on a thread that waits for work, or on a new one. Body must not throw.
  explicit ForwardThread(std::function<void()> body);
  ~ForwardThread();  // Waits for the body's end; the thread then waits for others.
  ForwardThread(const ForwardThread&) = delete;
  ForwardThread& operator=(const ForwardThread&) = delete;

  // Threads made so far in the process. They are never ended.
  static int count();

 private:
  struct Lent;
  struct Pool;
  static Pool& pool();

  Lent* lent_;
};

}  // namespace dfd
