// SPDX-License-Identifier: LGPL-2.1-or-later

#include "store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"
#include "store/state_folder.h"

namespace dfd::monitor {
namespace {

// Long enough for a loaded disk to breathe, short beside what people notice.
constexpr auto kRetry = std::chrono::seconds(1);

// One transaction's worth: the others see their events told after a few milliseconds.
constexpr std::size_t kBatch = 256;

}  // namespace

struct Store::Shared : LeavableThread::Shared {
  Shared(std::string path, Tell teller)
      : folder(std::move(path)), held(folder), tell(std::move(teller)) {}

  struct Waiting {
    Entry entry;
    Time since;
    // Or not to be told at all.
    bool told = false;
  };
  using Snapshots = std::map<std::string, StreamSnapshot>;

  // By the store's thread, without the mutex.
  void open();
  void write_all(const Snapshots& written, std::optional<std::int64_t> arrived_now);

  struct Wish {
    Change change;
    ChangeDone done;
  };
  // By the store's thread, without the mutex unless nothing can be written.
  void perform(std::deque<Wish>& wished, bool can_write);
  ChangeResult perform(const Change& change);
  // What it means for the file.
  void note_error(const std::exception& error);

  // With the mutex held.
  void tell_all(std::deque<Waiting>& waiting);
  bool has_work() const {
    return !entries.empty() || !snapshots.empty() || !wishes.empty() || arrived > marked;
  }
  void begin_batch();
  void end_batch();
  void fail(const std::string& text);

  const std::string folder;
  const StateFolder held;
  // What follows is the store's thread's, but for what the mutex guards.
  std::optional<Database> database;
  // It was opened once: what is in another one later is of this run.
  bool opened = false;
  // Errors that said that the file is damaged, since something was written.
  int damages = 0;
  Time cleaned;
  // Of the batch: their numbers, and whether they were told before they are written.
  std::vector<std::int64_t> sequences;
  std::vector<bool> told_before;

  // With the mutex held.
  Tell tell;
  std::deque<Waiting> entries;
  // Being written: others touch nothing but `told`.
  std::deque<Waiting> batch;
  Snapshots snapshots;
  std::deque<Wish> wishes;
  std::vector<KeptChange> changes;
  std::optional<Left> left;
  // The file was opened, or that has failed.
  bool tried = false;
  // Written by the store's thread alone.
  std::int64_t last_told = 0;
  std::int64_t arrived = 0;
  std::int64_t marked = 0;
  bool up = true;
  std::uint64_t errors = 0;
  std::uint64_t dropped = 0;
};

void Store::Shared::open() {
  const std::string path = folder + "/state.sqlite";
  // The check does not see all that may be wrong, and was passed since the first of these.
  constexpr int kMostDamages = 1;
  if (damages > kMostDamages) {
    put_aside(path);
    damages = 0;
  }
  Left found;
  std::vector<KeptEvent> untold;
  Opened made = open_checked(path, [&](Database& one) {
    migrate(one);
    // Numbers go on in a new file: what has arrived is said by number.
    if (last_told > 0) begin_events_behind(one, last_told);
    if (opened) return;
    found = {read_streams(one), read_mutes(one)};
    untold = read_untold(one);
  });
  const std::lock_guard<std::mutex> lock(mutex);
  if (made.was_damaged) ++errors;
  database.emplace(std::move(made.database));
  tried = true;
  changed.notify_all();
  if (std::exchange(opened, true)) return;
  left = std::move(found);
  for (const KeptEvent& kept : untold) {
    if (tell) tell(kept.event);
    last_told = kept.sequence;
  }
}

void Store::Shared::note_error(const std::exception& error) {
  const auto* of_store = dynamic_cast<const StoreError*>(&error);
  if (of_store == nullptr || !of_store->is_damaged()) return;
  ++damages;
  // The next try checks the file.
  database.reset();
}

void Store::Shared::write_all(const Snapshots& written, std::optional<std::int64_t> arrived_now) {
  constexpr auto kCleanEvery = std::chrono::hours(1);
  if (!database) open();
  const Moment time = now();
  sequences.clear();
  Transaction transaction(*database);
  // Older than what changed since: an alarm that has ended must not come back.
  for (const auto& [stream, snapshot] : written) write_snapshot(*database, stream, snapshot);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    sequences.push_back(write_entry(*database, batch[i].entry, told_before[i]));
  }
  if (arrived_now) mark_told(*database, *arrived_now);
  if (time.steady - cleaned >= kCleanEvery) {
    drop_old_events(*database, time.wall);
    drop_old_mutes(*database, time.wall);
  }
  transaction.commit();
  damages = 0;
  cleaned = time.steady - cleaned >= kCleanEvery ? time.steady : cleaned;
}

// Each alone: what is wrong with one is nothing to the others.
void Store::Shared::perform(std::deque<Wish>& wished, bool can_write) {
  const ChangeResult refused{ChangeResult::Outcome::kFailed, "nothing can be kept at present"};
  for (const Wish& wish : wished) {
    ChangeResult result = refused;
    try {
      if (can_write && database) result = perform(wish.change);
    } catch (const std::exception& error) {
      log_line(std::string("a change could not be kept: ") + error.what());
      note_error(error);
      result = refused;
    }
    wish.done(result);
  }
  wished.clear();
}

ChangeResult Store::Shared::perform(const Change& change) {
  KeptChange kept;
  Transaction transaction(*database);
  ChangeResult result = apply_change(*database, change, kept);
  if (result.outcome != ChangeResult::Outcome::kDone) return result;
  transaction.commit();
  const AuditEntry& entry = kept.audit;
  // Whoever changes the database does not change the log.
  log_line("audit " + std::to_string(entry.number) + " " + entry.hash + ": " + entry.by + ": " +
           entry.action + " " + entry.subject);
  const std::lock_guard<std::mutex> lock(mutex);
  changes.push_back(std::move(kept));
  return result;
}

void Store::Shared::tell_all(std::deque<Waiting>& waiting) {
  for (Waiting& one : waiting) {
    if (!std::exchange(one.told, true) && tell) tell(one.entry.event);
  }
}

void Store::Shared::begin_batch() {
  told_before.clear();
  const std::size_t size = std::min(entries.size(), kBatch);
  for (std::size_t i = 0; i < size; ++i) {
    told_before.push_back(entries.front().told);
    batch.push_back(std::move(entries.front()));
    entries.pop_front();
  }
}

void Store::Shared::end_batch() {
  tell_all(batch);
  if (!sequences.empty()) last_told = std::max(last_told, sequences.back());
  batch.clear();
  if (!std::exchange(up, true)) log_line(folder + ": can be written again");
}

void Store::Shared::fail(const std::string& text) {
  ++errors;
  tried = true;
  changed.notify_all();
  if (std::exchange(up, false)) log_line("what is found cannot be kept, trying on: " + text);
  tell_all(batch);
  tell_all(entries);
  while (!batch.empty()) {
    entries.push_front(std::move(batch.back()));
    batch.pop_back();
  }
}

Store::Store(const std::string& folder, Tell tell)
    : shared_(std::make_shared<Shared>(folder, std::move(tell))) {
  thread_.start(shared_, run);
  std::unique_lock<std::mutex> lock(shared_->mutex);
  const bool tried = shared_->changed.wait_for(lock, kOpenLimit, [this] { return shared_->tried; });
  if (!tried) log_line(folder + ": opening what the last run left takes long; going on without");
}

Store::~Store() {
  const bool ended = thread_.end(kCloseLimit);
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->tell_all(shared_->batch);
    shared_->tell_all(shared_->entries);
    // Whoever was told may be gone when the disk comes back.
    shared_->tell = nullptr;
  }
  if (ended) return;
  log_line(shared_->folder + ": what was found last is not kept, for the disk takes nothing");
}

void Store::run(Shared& shared) {
  std::unique_lock<std::mutex> lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.end || !shared.opened || shared.has_work(); });
    if (shared.end && !shared.has_work()) break;
    shared.begin_batch();
    Shared::Snapshots snapshots = std::exchange(shared.snapshots, {});
    std::deque<Shared::Wish> wishes = std::exchange(shared.wishes, {});
    const std::int64_t arrived = shared.arrived;
    const bool mark = arrived > shared.marked;
    lock.unlock();
    std::optional<std::string> failed;
    try {
      shared.write_all(snapshots, mark ? std::optional(arrived) : std::nullopt);
    } catch (const std::exception& error) {
      failed = error.what();
      shared.note_error(error);
    }
    shared.perform(wishes, !failed);
    lock.lock();
    if (!failed) {
      shared.marked = arrived;
      shared.end_batch();
      continue;
    }
    shared.fail(*failed);
    // Newer ones that came meanwhile stay.
    shared.snapshots.merge(snapshots);
    if (shared.end) break;
    shared.changed.wait_for(lock, kRetry, [&] { return shared.end; });
  }
  shared.perform(shared.wishes, false);
}

void Store::add(Moment now, Entry entry) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->entries.size() >= kMostWaiting) {
    shared_->entries.pop_front();
    ++shared_->dropped;
  }
  const bool told = !entry.to_tell;
  shared_->entries.push_back({std::move(entry), now.steady, told});
  if (!shared_->up) shared_->tell_all(shared_->entries);
  shared_->changed.notify_all();
}

void Store::add(const std::string& stream, StreamSnapshot snapshot) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->snapshots[stream] = std::move(snapshot);
  shared_->changed.notify_all();
}

void Store::change(Change change, ChangeDone done) {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  if (shared_->up && !shared_->end) {
    shared_->wishes.push_back({std::move(change), std::move(done)});
    shared_->changed.notify_all();
    return;
  }
  lock.unlock();
  done({ChangeResult::Outcome::kFailed, "nothing can be kept at present"});
}

std::vector<KeptChange> Store::take_changes() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return std::exchange(shared_->changes, {});
}

std::optional<Store::Left> Store::take_left() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return std::exchange(shared_->left, std::nullopt);
}

void Store::update(Moment now) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  const auto& oldest = shared_->batch.empty() ? shared_->entries : shared_->batch;
  if (oldest.empty() || now.steady - oldest.front().since < kTellLimit) return;
  shared_->tell_all(shared_->batch);
  shared_->tell_all(shared_->entries);
}

std::int64_t Store::last_told() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->last_told;
}

void Store::set_arrived(std::int64_t sequence) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->arrived = std::max(shared_->arrived, sequence);
  shared_->changed.notify_all();
}

bool Store::is_up() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->up;
}

std::uint64_t Store::errors() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->errors;
}

std::uint64_t Store::dropped() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->dropped;
}

std::size_t Store::waiting() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->entries.size() + shared_->batch.size();
}

}  // namespace dfd::monitor
