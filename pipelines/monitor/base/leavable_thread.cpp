// SPDX-License-Identifier: LGPL-2.1-or-later

#include "leavable_thread.h"

#include <utility>

namespace dfd::monitor {

LeavableThread::~LeavableThread() { static_cast<void>(end(Duration::zero())); }

void LeavableThread::launch(std::shared_ptr<Shared> shared, std::function<void()> work) {
  thread_ = std::thread([shared, work = std::move(work)] {
    work();
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->ended_ = true;
    shared->changed.notify_all();
  });
  shared_ = std::move(shared);
}

void LeavableThread::ask_to_end() {
  if (!is_started()) return;
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->end = true;
  shared_->changed.notify_all();
}

bool LeavableThread::end(Duration limit) {
  ask_to_end();
  if (!thread_.joinable()) return has_ended();
  bool ended = false;
  {
    std::unique_lock<std::mutex> lock(shared_->mutex);
    ended = shared_->changed.wait_for(lock, limit, [this] { return shared_->ended_; });
  }
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
  return ended;
}

bool LeavableThread::has_ended() const {
  if (!is_started()) return true;
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->ended_;
}

}  // namespace dfd::monitor
