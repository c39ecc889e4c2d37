// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The engines of a process: found again by who wants the same, and kept for a while where somebody
// wished it.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/engine_impl.h"

namespace dfd {

// Thread-safe.
class EngineRegistry {
 public:
  using Load = std::function<std::shared_ptr<EngineImpl>()>;

  static EngineRegistry& get();

  // The engine of this content, device and precision, loaded where it is not there. Whoever comes
  // while another thread loads the same waits for it, and for its error. It lives as long as
  // somebody holds what is returned, and so much longer as the longest keep_alive says that anybody
  // asked for since it was loaded.
  std::shared_ptr<EngineImpl> find_or_load(const std::string& key,
                                           std::chrono::nanoseconds keep_alive, const Load& load);

  std::size_t kept() const;  // Engines that nobody uses.
  void drop_kept();          // Ends them now.

 private:
  using Clock = std::chrono::steady_clock;

  // What all users of one engine hold together.
  struct Lease {
    Lease(std::string key, std::shared_ptr<EngineImpl> engine);
    ~Lease();  // The last user is gone.
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    const std::string key;
    std::shared_ptr<EngineImpl> engine;
    std::chrono::nanoseconds keep_alive{0};  // Guarded by the registry's mutex.
  };
  struct Kept {
    std::shared_ptr<EngineImpl> engine;
    std::chrono::nanoseconds keep_alive{};
    Clock::time_point until;
  };

  EngineRegistry() = default;
  std::shared_ptr<EngineImpl> found(const std::string& key, std::chrono::nanoseconds keep_alive);
  std::shared_ptr<EngineImpl> lease(const std::string& key, std::shared_ptr<EngineImpl> engine,
                                    std::chrono::nanoseconds keep_alive);
  void keep(Lease& lease);
  void end_kept();

  // Guards what follows. Nothing is loaded, ended or waited for while it is held.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::weak_ptr<Lease>> leases_;
  std::map<std::string, std::shared_future<std::shared_ptr<EngineImpl>>> loading_;
  std::map<std::string, Kept> kept_;
  bool ending_kept_ = false;  // A thread sees to it, as long as there are some.
};

}  // namespace dfd
