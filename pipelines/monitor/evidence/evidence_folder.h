// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What lies below STATE/evidence, and what has to go so that there is room. Used by one thread.
// Everything throws std::filesystem::filesystem_error.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dfd::monitor {

struct EvidencePlace {
  std::string stream;
  std::string alarm;
  // "2026-11-23", UTC, of the alarm's beginning.
  std::string day;
};

class EvidenceFolder {
 public:
  // Of the monitor's state folder.
  explicit EvidenceFolder(std::string state_folder);

  // Looks at what is there. Only what the program was making when it ended is removed: files that
  // are not whole, and folders without clip.json, which is written last. No database is asked: one
  // that was begun anew knows nothing of what is worth keeping.
  void scan();

  // Makes the alarm's folder. Returns it as written in paths below the state folder.
  std::string make(const EvidencePlace& place);

  // Counts what is in it now.
  void measure(const EvidencePlace& place);

  // Removes the oldest until so many bytes more are no more than `most`, never of alarms in
  // `kept`; nothing where that would not suffice. Returns what went.
  std::vector<EvidencePlace> make_room(std::uint64_t bytes, std::uint64_t most,
                                       const std::set<std::string>& kept);

  // Removes those of days before `day`, never of alarms in `kept`.
  std::vector<EvidencePlace> remove_before(const std::string& day,
                                           const std::set<std::string>& kept);

  void remove(const EvidencePlace& place);
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Held {
    EvidencePlace place;
    std::uint64_t bytes = 0;
  };
  std::filesystem::path folder_of(const EvidencePlace& place) const;
  void scan(const EvidencePlace& place);

  std::filesystem::path root_;
  // By the alarm's id, which sorts by time.
  std::map<std::string, Held> held_;
  std::uint64_t bytes_ = 0;
};

}  // namespace dfd::monitor
