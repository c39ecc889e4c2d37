// SPDX-License-Identifier: LGPL-2.1-or-later

#include "spooled_output.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "store/spool.h"

namespace dfd::monitor {
namespace {

using Clock = std::chrono::steady_clock;

// A full disk may be emptied.
constexpr auto kDiskRetry = std::chrono::seconds(1);
// Somebody who is just being restarted is not waited for, and one who is away is not hammered.
constexpr Duration kLeastWait = std::chrono::milliseconds(500);
constexpr Duration kMostWait = std::chrono::seconds(30);
constexpr Duration kIdle = std::chrono::seconds(5);

std::string id_of(const std::string& event) {
  return Json::parse(event).at("id").get<std::string>();
}

}  // namespace

struct SpooledOutput::Shared : LeavableThread::Shared {
  SpoolSettings settings;
  MakeSender make_sender;

  // With the mutex held, all that follows.
  //
  // Not on disk yet.
  std::deque<Spool::Item> fresh;
  std::optional<std::string> beat;
  std::size_t kept = 0;
  std::uint64_t dropped = 0;
  std::shared_ptr<Sender> sender;
  Clock::time_point ends_by;
};

// What the thread does.
class SpooledOutput::Worker {
 public:
  explicit Worker(Shared& shared) : shared_(shared) {}

  void run() {
    std::unique_lock<std::mutex> lock(shared_.mutex);
    while (true) {
      wait(lock);
      const bool end = shared_.end;
      lock.unlock();
      const bool kept = keep();
      if (!end) deliver();
      if (!end) idle();
      lock.lock();
      if (end && (!kept || shared_.fresh.empty())) return;
    }
  }

 private:
  // Until there is something to do.
  void wait(std::unique_lock<std::mutex>& lock) {
    const auto has_work = [&] {
      const bool keeps = !shared_.fresh.empty() && Clock::now() >= next_keep_;
      const bool sends = (waits_ || shared_.beat) && Clock::now() >= next_try_;
      return shared_.end || keeps || sends || Clock::now() >= next_idle_;
    };
    while (!has_work()) {
      auto until = next_idle_;
      if (!shared_.fresh.empty()) until = std::min(until, next_keep_);
      if (waits_ || shared_.beat) until = std::min(until, next_try_);
      shared_.changed.wait_until(lock, until);
    }
  }

  // What has come to the disk. False where that takes nothing.
  bool keep() {
    std::deque<Spool::Item> items;
    {
      const std::lock_guard<std::mutex> lock(shared_.mutex);
      items = shared_.fresh;
    }
    if (spool_ && spool_->is_damaged()) give_up_spool();
    try {
      if (!spool_) spool_.emplace(shared_.settings.path, shared_.settings.most_bytes);
      if (!items.empty()) spool_->add(items);
      complained_of_disk_ = false;
    } catch (const StoreError& error) {
      next_keep_ = Clock::now() + kDiskRetry;
      if (!std::exchange(complained_of_disk_, true)) {
        log_line(shared_.settings.name + ": events cannot be kept, trying on: " + error.what());
      }
      if (error.is_damaged()) give_up_spool();
      waits_ = true;
      return false;
    }
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    // Those that were dropped in the meantime stood before the others.
    for (const Spool::Item& item : items) {
      if (!shared_.fresh.empty() && shared_.fresh.front().id == item.id) shared_.fresh.pop_front();
    }
    note_size();
    return true;
  }

  // One after the other, until nobody takes them or one is told to end.
  void deliver() {
    while (waits_ && Clock::now() >= next_try_) {
      const bool kept = spool_ && spool_->size() > 0;
      const std::optional<Spool::Item> item = kept ? spool_->first() : first_fresh();
      if (!item) {
        waits_ = kept;
        if (kept) next_try_ = Clock::now() + kDiskRetry;
        break;
      }
      if (!take(*item, send(item->id, item->event), kept)) return;
      if (is_ending() || has_fresh()) return;
    }
    send_beat();
  }

  void idle() {
    if (Clock::now() < next_idle_) return;
    next_idle_ = Clock::now() + kIdle;
    if (waits_) return;
    count();
    shared_.sender->idle();
  }

  // The output before this one, of the same name, may end late, and leave its last events then.
  void count() {
    try {
      if (spool_) spool_->count();
    } catch (const StoreError&) {
      // What comes next tells.
      return;
    }
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    note_size();
  }

  // What is in it is lost, and the file put aside when it is opened again.
  void give_up_spool() {
    if (!spool_) return;
    lost_ += spool_->dropped() + spool_->size();
    spool_.reset();
  }

  Delivery send(const std::string& id, const std::string& event) {
    next_idle_ = Clock::now() + kIdle;
    return shared_.sender->send(id, event);
  }

  // Whether to go on.
  bool take(const Spool::Item& item, const Delivery& delivery, bool kept) {
    if (delivery.result == Delivery::Result::kLater) {
      wait_ = std::min(std::max(2 * wait_, kLeastWait), kMostWait);
      next_try_ = Clock::now() + wait_;
      if (!std::exchange(complained_, true)) {
        log_line(shared_.settings.name + ": takes no events, trying on: " + delivery.text);
      }
      return false;
    }
    if (std::exchange(complained_, false)) log_line(shared_.settings.name + ": takes events again");
    wait_ = {};
    const bool refused = delivery.result == Delivery::Result::kRefused;
    if (refused) {
      log_line(shared_.settings.name + ": refuses event " + item.id +
               ", which is dropped: " + delivery.text);
    }
    if (kept) spool_->remove(item);
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    if (refused) ++lost_;
    if (!kept && !shared_.fresh.empty() && shared_.fresh.front().id == item.id) {
      shared_.fresh.pop_front();
    }
    note_size();
    return true;
  }

  void send_beat() {
    std::optional<std::string> beat;
    {
      const std::lock_guard<std::mutex> lock(shared_.mutex);
      beat = std::exchange(shared_.beat, std::nullopt);
    }
    if (!beat || waits_ || Clock::now() < next_try_) return;
    if (send(id_of(*beat), *beat).result == Delivery::Result::kLater) {
      next_try_ = Clock::now() + kLeastWait;
    }
  }

  // Of the disk's trouble: from memory.
  std::optional<Spool::Item> first_fresh() const {
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    if (!complained_of_disk_ || shared_.fresh.empty()) return std::nullopt;
    return shared_.fresh.front();
  }
  bool is_ending() const {
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    return shared_.end;
  }
  bool has_fresh() const {
    const std::lock_guard<std::mutex> lock(shared_.mutex);
    return !shared_.fresh.empty() && !complained_of_disk_;
  }
  // With the mutex held.
  void note_size() {
    shared_.kept = spool_ ? spool_->size() : 0;
    waits_ = shared_.kept > 0 || (complained_of_disk_ && !shared_.fresh.empty());
    const std::uint64_t lost = lost_ + (spool_ ? spool_->dropped() : 0);
    shared_.dropped += lost - std::exchange(told_lost_, lost);
  }

  Shared& shared_;
  std::optional<Spool> spool_;
  // An event is there to be sent.
  bool waits_ = true;
  Clock::time_point next_try_{};
  Clock::time_point next_keep_{};
  Clock::time_point next_idle_{};
  Duration wait_{};
  bool complained_ = false;
  bool complained_of_disk_ = false;
  std::uint64_t lost_ = 0;
  std::uint64_t told_lost_ = 0;
};

SpooledOutput::SpooledOutput(SpoolSettings settings, MakeSender make_sender)
    : shared_(std::make_shared<Shared>()) {
  shared_->settings = std::move(settings);
  shared_->make_sender = std::move(make_sender);
}

void SpooledOutput::start() { thread_.start(shared_, run); }

void SpooledOutput::run(Shared& shared) {
  auto sender = shared.make_sender();
  {
    const std::lock_guard<std::mutex> lock(shared.mutex);
    shared.sender = std::move(sender);
  }
  Worker(shared).run();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  // Where it was made.
  shared.sender.reset();
}

void SpooledOutput::end() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (std::exchange(shared_->end, true)) return;
  shared_->ends_by = Clock::now() + kCloseLimit;
  if (shared_->sender) shared_->sender->cancel();
  shared_->changed.notify_all();
}

SpooledOutput::~SpooledOutput() {
  if (!thread_.is_started()) return;
  end();
  static_cast<void>(thread_.end(shared_->ends_by - Clock::now()));
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->fresh.empty()) return;
  log_line(shared_->settings.name + ": events are lost, for the disk takes nothing");
}

void SpooledOutput::write(std::string event) {
  Spool::Item item{id_of(event), std::move(event)};
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->fresh.size() >= kMostUnkept) {
    shared_->fresh.pop_front();
    ++shared_->dropped;
  }
  shared_->fresh.push_back(std::move(item));
  shared_->changed.notify_all();
}

void SpooledOutput::beat(std::string event) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->beat = std::move(event);
  shared_->changed.notify_all();
}

std::size_t SpooledOutput::unkept() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->fresh.size();
}

std::size_t SpooledOutput::waiting() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->fresh.size() + shared_->kept;
}

std::uint64_t SpooledOutput::dropped() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->dropped;
}

}  // namespace dfd::monitor
