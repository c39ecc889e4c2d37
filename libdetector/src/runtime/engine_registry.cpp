// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/engine_registry.h"

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include "runtime/process_end.h"

namespace dfd {

EngineRegistry& EngineRegistry::get() {
  // Never destroyed: elements may outlive static objects at exit.
  static auto* const kRegistry = new EngineRegistry;
  return *kRegistry;
}

EngineRegistry::Lease::Lease(std::string name, std::shared_ptr<EngineImpl> leased)
    : key(std::move(name)), engine(std::move(leased)) {}

EngineRegistry::Lease::~Lease() { EngineRegistry::get().keep(*this); }

std::shared_ptr<EngineImpl> EngineRegistry::find_or_load(const std::string& key,
                                                         std::chrono::nanoseconds keep_alive,
                                                         const Load& load) {
  std::promise<std::shared_ptr<EngineImpl>> promise;
  std::shared_future<std::shared_ptr<EngineImpl>> other;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (auto engine = found(key, keep_alive)) return engine;
    const auto begun = loading_.find(key);
    if (begun == loading_.end()) {
      loading_[key] = promise.get_future().share();
    } else {
      other = begun->second;
    }
  }
  if (other.valid()) {
    auto engine = other.get();
    const std::lock_guard<std::mutex> lock(mutex_);
    found(key, keep_alive);  // Notes the wish.
    return engine;
  }
  try {
    std::shared_ptr<EngineImpl> loaded = load();
    std::shared_ptr<EngineImpl> engine;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      loading_.erase(key);
      engine = lease(key, std::move(loaded), keep_alive);
    }
    promise.set_value(engine);
    return engine;
  } catch (...) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      loading_.erase(key);
    }
    promise.set_exception(std::current_exception());
    throw;
  }
}

// With mutex_ held. In use, or kept: then it is in use from now on. Null: neither.
std::shared_ptr<EngineImpl> EngineRegistry::found(const std::string& key,
                                                  std::chrono::nanoseconds keep_alive) {
  if (const auto held = leases_[key].lock()) {
    held->keep_alive = std::max(held->keep_alive, keep_alive);
    return {held, held->engine.get()};
  }
  const auto kept = kept_.find(key);
  if (kept == kept_.end()) return nullptr;
  auto engine =
      lease(key, std::move(kept->second.engine), std::max(kept->second.keep_alive, keep_alive));
  kept_.erase(kept);
  changed_.notify_all();
  return engine;
}

// With mutex_ held. The engine in a lease of its own.
std::shared_ptr<EngineImpl> EngineRegistry::lease(const std::string& key,
                                                  std::shared_ptr<EngineImpl> engine,
                                                  std::chrono::nanoseconds keep_alive) {
  const auto held = std::make_shared<Lease>(key, std::move(engine));
  held->keep_alive = keep_alive;
  leases_[key] = held;
  return {held, held->engine.get()};
}

// The lease's engine, where somebody wished it; else it ends with the lease.
void EngineRegistry::keep(Lease& lease) {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Another has been loaded meanwhile by somebody who came between the last user and this.
  const auto newest = leases_.find(lease.key);
  const bool replaced = newest != leases_.end() && !newest->second.expired();
  if (lease.keep_alive <= std::chrono::nanoseconds(0) || replaced ||
      loading_.count(lease.key) > 0) {
    return;
  }
  const auto now = Clock::now();
  // Further than the clock counts nobody waits.
  const auto longest = Clock::time_point::max() - now;
  kept_[lease.key] = {std::move(lease.engine), lease.keep_alive,
                      now + std::min<Clock::duration>(lease.keep_alive, longest)};
  changed_.notify_all();
  if (std::exchange(ending_kept_, true)) return;
  std::thread([this] { end_kept(); }).detach();
}

// On a thread of its own, until none is kept.
void EngineRegistry::end_kept() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!kept_.empty()) {
    const auto next = std::min_element(
        kept_.begin(), kept_.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
    // The wait looks at it again at its end, when what it stood in may be gone.
    const Clock::time_point until = next->second.until;
    if (Clock::now() < until) {
      changed_.wait_until(lock, until);
      continue;
    }
    std::shared_ptr<EngineImpl> ended = std::move(next->second.engine);
    kept_.erase(next);
    lock.unlock();
    {
      const GuardedWork work;
      // What would free its tensors is about to be destroyed.
      if (!work.allowed()) static_cast<void>(new (std::nothrow) std::shared_ptr<EngineImpl>(ended));
      ended.reset();
    }
    lock.lock();
  }
  ending_kept_ = false;
}

void EngineRegistry::drop_kept() {
  std::map<std::string, Kept> dropped;  // They end outside the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(kept_);
  changed_.notify_all();
}

std::size_t EngineRegistry::kept() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return kept_.size();
}

}  // namespace dfd
