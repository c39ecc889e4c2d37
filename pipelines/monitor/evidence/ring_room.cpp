// SPDX-License-Identifier: LGPL-2.1-or-later

#include "ring_room.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {

void RingRoom::set_most(std::uint64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(most_, bytes) != bytes) said_ = false;
}

void RingRoom::add(User* user) {
  const std::lock_guard<std::mutex> lock(mutex_);
  users_.push_back(user);
}

void RingRoom::remove(User* user) {
  const std::lock_guard<std::mutex> lock(mutex_);
  users_.erase(std::remove(users_.begin(), users_.end(), user), users_.end());
}

bool RingRoom::collect(const User& user, Files& gone) {
  if (count_->bytes() <= most_) return true;
  struct Taker {
    std::uint64_t bytes;
    User* user;
  };
  std::vector<Taker> takers;
  takers.reserve(users_.size());
  for (User* one : users_) takers.push_back({one->bytes(), one});
  // Files that are given up count until they are removed.
  std::uint64_t given = 0;
  while (count_->bytes() > most_ + given && !takers.empty()) {
    const auto most = std::max_element(
        takers.begin(), takers.end(),
        [](const Taker& one, const Taker& other) { return one.bytes < other.bytes; });
    std::shared_ptr<const SegmentFile> file = most->user->give_up();
    if (file == nullptr) {
      takers.erase(most);
      continue;
    }
    given += file->bytes();
    most->bytes -= std::min(most->bytes, file->bytes());
    gone.push_back(std::move(file));
  }
  const std::uint64_t share = most_ / std::max<std::size_t>(1, users_.size());
  return count_->bytes() <= most_ + given || user.bytes() < share;
}

bool RingRoom::make_room(const User& user) {
  // Files are removed, and lines written, without the mutex.
  Files gone;
  bool has_room = false;
  std::uint64_t most = 0;
  bool is_new = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    most = most_;
    has_room = collect(user, gone);
    is_new = !gone.empty() && !std::exchange(said_, true);
  }
  if (is_new) {
    log_line("streams take the " + std::to_string(most) +
             " bytes that they may in ring_dir: less is kept of them than was asked for; see "
             "evidence.ring_max_bytes");
  }
  return has_room;
}

}  // namespace dfd::monitor
