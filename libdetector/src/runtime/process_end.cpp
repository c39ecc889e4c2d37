// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/process_end.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace dfd {
namespace {

// A round of the worker takes a tenth of a second; longer than this nobody waits for a program's
// end.
constexpr std::chrono::seconds kPatience{5};

thread_local int own_work = 0;

}  // namespace

struct EndGuard {
  std::atomic<bool> ending{false};
  std::atomic<pid_t> process{0};  // That registered the handler last.
  // Guards what follows. A worker's and a stream's locks are taken below it, in tell().
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::string> registered;
  std::vector<AtProcessEnd*> listeners;
  int under_way = 0;

  static EndGuard& get() {
    // Never destroyed: it is needed until the very end.
    static auto* const kGuard = new EndGuard;
    return *kGuard;
  }

  static void end() {
    EndGuard& all = get();
    if (getpid() != all.process || own_work > 0 || all.ending.exchange(true)) return;
    std::unique_lock<std::mutex> lock(all.mutex);
    for (const AtProcessEnd* listener : all.listeners) listener->tell_();
    all.changed.wait_for(lock, kPatience, [&] { return all.under_way <= 0; });
  }
};

void guard_exit(const std::string& after) {
  EndGuard& all = EndGuard::get();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const pid_t before = all.process.exchange(getpid());
  if (before != 0 && before != getpid()) {  // In a forked child: what was under way stayed behind.
    all.under_way = own_work;
    all.listeners.clear();
  }
  if (all.registered.insert(after).second) std::atexit(EndGuard::end);
}

bool process_is_ending() noexcept { return EndGuard::get().ending; }

GuardedWork::GuardedWork() {
  EndGuard& all = EndGuard::get();
  const std::lock_guard<std::mutex> lock(all.mutex);
  ++own_work;
  ++all.under_way;
  allowed_ = !all.ending;
}

GuardedWork::~GuardedWork() {
  EndGuard& all = EndGuard::get();
  const std::lock_guard<std::mutex> lock(all.mutex);
  --own_work;
  if (--all.under_way <= 0) all.changed.notify_all();
}

AtProcessEnd::AtProcessEnd(std::function<void()> tell) : tell_(std::move(tell)) {
  EndGuard& all = EndGuard::get();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.listeners.push_back(this);
}

AtProcessEnd::~AtProcessEnd() {
  EndGuard& all = EndGuard::get();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = std::find(all.listeners.begin(), all.listeners.end(), this);
  if (found != all.listeners.end()) all.listeners.erase(found);
}

}  // namespace dfd
