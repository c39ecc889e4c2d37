// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/forward_thread.h"

#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace dfd {

namespace {
constexpr int kNiceness = 10;
}  // namespace

// One thread.
struct ForwardThread::Lent {
  std::function<void()> body;  // Empty: it waits for one.
  std::condition_variable changed;
};

struct ForwardThread::Pool {
  std::mutex mutex;  // Guards everything here and in Lent; a leaf.
  std::vector<Lent*> waiting;
  int count = 0;
};

ForwardThread::Pool& ForwardThread::pool() {
  // Never destroyed: its threads outlive static objects.
  static auto* const kPool = new Pool;
  return *kPool;
}

ForwardThread::ForwardThread(std::function<void()> body) {
  Pool& all = pool();
  const std::lock_guard<std::mutex> lock(all.mutex);
  if (!all.waiting.empty()) {
    lent_ = all.waiting.back();
    all.waiting.pop_back();
    lent_->body = std::move(body);
    lent_->changed.notify_all();
    return;
  }
  auto made = std::make_unique<Lent>();
  made->body = std::move(body);
  std::thread([lent = made.get(), &all] {
    // In Linux niceness is the thread's own. 10: a tenth of what an ordinary thread gets, should
    // the two compete. Refused, it stays as it is.
    setpriority(PRIO_PROCESS, 0, std::max(getpriority(PRIO_PROCESS, 0), kNiceness));
    std::unique_lock<std::mutex> held(all.mutex);
    while (true) {
      lent->changed.wait(held, [&] { return static_cast<bool>(lent->body); });
      held.unlock();
      lent->body();
      held.lock();
      lent->body = nullptr;
      lent->changed.notify_all();
    }
  }).detach();
  lent_ = made.release();
  ++all.count;
}

ForwardThread::~ForwardThread() {
  std::unique_lock<std::mutex> lock(pool().mutex);
  lent_->changed.wait(lock, [&] { return !lent_->body; });
  pool().waiting.push_back(lent_);
}

int ForwardThread::count() {
  const std::lock_guard<std::mutex> lock(pool().mutex);
  return pool().count;
}

}  // namespace dfd
