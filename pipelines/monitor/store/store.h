// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What outlives the program: alarms with their transitions, events, counters, coverage. Written by
// a thread of its own, so that no disk holds up a stream. An event is told to the outputs once it
// is kept, and is told again after a crash in between: none is lost, and whoever has its id knows
// that it came twice.
//
// Trouble with the disk stops nothing: it is said once and counted, events are told all the same,
// and what could not be written is tried again each second.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/leavable_thread.h"
#include "store/changes.h"
#include "store/tables.h"

namespace dfd::monitor {

class Store {
 public:
  // Takes an event's line and comes back at once. Called by the store's thread and by update(),
  // never by two at a time, in the order of add(), behind what is left over from the last run.
  using Tell = std::function<void(const std::string& event)>;

  // Makes and holds the folder. Throws FolderTaken, and std::runtime_error where it cannot be had.
  //
  // Waits up to kOpenLimit until FOLDER/state.sqlite is open, which is checked, so that a large one
  // on a slow disk takes longer. A damaged one is put aside as state.sqlite.damaged-TIME, and a new
  // one begun, also later. Whatever else is wrong is said, counted, and tried again.
  Store(const std::string& folder, Tell tell);

  // Writes what is left, for no longer than kCloseLimit.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  struct Left {
    std::map<std::string, StreamSnapshot> streams;
    // By stream, those that are over among them.
    std::map<std::string, Mute> mutes;
  };
  // What the last run left, once, when it is known: after the constructor, or later where the file
  // could not be opened.
  std::optional<Left> take_left();

  void add(Moment now, Entry entry);
  // Takes the place of one of the same stream that waits.
  void add(const std::string& stream, StreamSnapshot snapshot);

  // Answers once the change is kept, or is not going to be; on the store's thread, or at once where
  // the store cannot be written. `done` throws nothing.
  using ChangeDone = std::function<void(const ChangeResult& result)>;
  void change(Change change, ChangeDone done);

  // What was changed since the last call, in its order.
  std::vector<KeptChange> take_changes();

  // Tells events that waited for the disk for longer than kTellLimit.
  void update(Moment now);

  // The number of the last event that was told; and that all up to one have arrived.
  std::int64_t last_told() const;
  void set_arrived(std::int64_t sequence);

  // The last try to write went well.
  bool is_up() const;
  std::uint64_t errors() const;
  // Entries that were given up, for more than kMostWaiting waited.
  std::uint64_t dropped() const;
  std::size_t waiting() const;

  static constexpr std::size_t kMostWaiting = 10000;
  // A disk that hangs says nothing.
  static constexpr Duration kTellLimit = std::chrono::seconds(2);
  static constexpr Duration kOpenLimit = std::chrono::seconds(5);
  static constexpr Duration kCloseLimit = std::chrono::seconds(5);

 private:
  struct Shared;
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  LeavableThread thread_;
};

}  // namespace dfd::monitor
