// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the rings of all streams may take together.

#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "evidence/segment.h"

namespace dfd::monitor {

// Any thread.
class RingRoom {
 public:
  class User {
   public:
    virtual ~User() = default;
    virtual std::uint64_t bytes() const = 0;
    // Lets go of its oldest segment that nobody else holds; null where there is none.
    virtual std::shared_ptr<const SegmentFile> give_up() = 0;
  };

  // Until that is said there is no bound.
  void set_most(std::uint64_t bytes);

  // Outlived by the room, until it is removed.
  void add(User* user);
  void remove(User* user);

  // Where all take too much, segments go of whoever takes most, the oldest first. False where that
  // is not enough, and `user` has its share of the room or more: then it has to wait.
  bool make_room(const User& user);

  std::uint64_t bytes() const { return count_->bytes(); }
  // Of all files, whoever holds them.
  const std::shared_ptr<ByteCount>& count() const { return count_; }

 private:
  using Files = std::vector<std::shared_ptr<const SegmentFile>>;
  // With the mutex.
  bool collect(const User& user, Files& gone);

  const std::shared_ptr<ByteCount> count_ = std::make_shared<ByteCount>();
  std::mutex mutex_;
  std::uint64_t most_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<User*> users_;
  bool said_ = false;
};

}  // namespace dfd::monitor
