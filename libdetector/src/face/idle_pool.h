// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What keeps much memory once it has seen a frame, lent to who looks at one: there are as many as
// run at once, not one for each stream.

#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dfd {

// Thread-safe.
template <typename Key, typename Item>
class IdlePool {
 public:
  // most: idle ones that are kept, those of the last users.
  explicit IdlePool(std::size_t most = std::numeric_limits<std::size_t>::max()) : most_(most) {}

  // An idle one of that key, the last used first, else make()'s.
  template <typename Make>
  std::unique_ptr<Item> borrow(const Key& key, const Make& make) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = std::find_if(idle_.begin(), idle_.end(),
                                      [&](const auto& idle) { return idle.first == key; });
      if (found != idle_.end()) {
        std::unique_ptr<Item> item = std::move(found->second);
        idle_.erase(found);
        return item;
      }
    }
    return make();
  }

  void give_back(Key key, std::unique_ptr<Item> item) {
    std::unique_ptr<Item> dropped;  // Freed without the lock.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.size() == most_) {
      dropped = std::move(idle_.back().second);
      idle_.pop_back();
    }
    idle_.emplace(idle_.begin(), std::move(key), std::move(item));
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;  // Guards idle_; nothing is called or taken while it is held.
  std::vector<std::pair<Key, std::unique_ptr<Item>>> idle_;  // The last used first.
};

}  // namespace dfd
