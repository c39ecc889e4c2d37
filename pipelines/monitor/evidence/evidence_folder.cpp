// SPDX-License-Identifier: LGPL-2.1-or-later

#include "evidence_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

// By write_clip_files().
constexpr const char* kWrittenLast = "clip.json";
constexpr const char* kHalf = ".part";

// "2026-11-23"
bool is_day(const std::string& name) {
  const std::string form = "dddd-dd-dd";
  return std::equal(name.begin(), name.end(), form.begin(), form.end(), [](char c, char wanted) {
    return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
  });
}

// Nobody else's files are touched: links are not followed, and other names not looked at.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  if (!fs::is_directory(fs::symlink_status(folder))) return folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (fs::is_directory(entry.symlink_status())) folders.push_back(entry.path());
  }
  return folders;
}

// The folder's own and its files' is what others may read.
void make_folder(const fs::path& folder) {
  if (!fs::create_directory(folder)) return;
  fs::permissions(folder, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
}

}  // namespace

EvidenceFolder::EvidenceFolder(std::string state_folder)
    : root_(fs::path(std::move(state_folder)) / "evidence") {}

fs::path EvidenceFolder::folder_of(const EvidencePlace& place) const {
  return root_ / place.stream / place.day / place.alarm;
}

void EvidenceFolder::scan() {
  held_.clear();
  bytes_ = 0;
  for (const fs::path& stream : folders_in(root_)) {
    for (const fs::path& day : folders_in(stream)) {
      if (!is_day(day.filename())) continue;
      for (const fs::path& alarm : folders_in(day)) {
        try {
          scan({stream.filename(), alarm.filename(), day.filename()});
        } catch (const fs::filesystem_error& error) {
          // The others count and age all the same.
          log_line(std::string("evidence that cannot be looked at: ") + error.what());
        }
      }
    }
  }
}

void EvidenceFolder::scan(const EvidencePlace& place) {
  const fs::path folder = folder_of(place);
  if (!fs::exists(folder / kWrittenLast)) return remove(place);
  std::vector<fs::path> halves;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == kHalf) halves.push_back(file.path());
  }
  for (const fs::path& file : halves) fs::remove(file);
  measure(place);
}

std::string EvidenceFolder::make(const EvidencePlace& place) {
  const fs::path below = fs::path(place.stream) / place.day / place.alarm;
  make_folder(root_);
  fs::path folder = root_;
  for (const fs::path& part : below) make_folder(folder /= part);
  return (fs::path("evidence") / below).string();
}

void EvidenceFolder::measure(const EvidencePlace& place) {
  Held& held = held_[place.alarm];
  held.place = place;
  bytes_ -= std::exchange(held.bytes, 0);
  for (const fs::directory_entry& file : fs::directory_iterator(folder_of(place))) {
    if (fs::is_regular_file(file.symlink_status())) held.bytes += file.file_size();
  }
  bytes_ += held.bytes;
}

void EvidenceFolder::remove(const EvidencePlace& place) {
  const fs::path folder = folder_of(place);
  fs::remove_all(folder);
  const auto held = held_.find(place.alarm);
  if (held != held_.end()) {
    bytes_ -= held->second.bytes;
    held_.erase(held);
  }
  // Those that others still have files in stay.
  std::error_code ignored;
  fs::remove(folder.parent_path(), ignored);
  fs::remove(folder.parent_path().parent_path(), ignored);
}

std::vector<EvidencePlace> EvidenceFolder::make_room(std::uint64_t bytes, std::uint64_t most,
                                                     const std::set<std::string>& kept) {
  std::uint64_t bytes_kept = 0;
  for (const auto& [alarm, held] : held_) {
    if (kept.count(alarm) != 0) bytes_kept += held.bytes;
  }
  std::vector<EvidencePlace> gone;
  if (bytes_kept + bytes > most) return gone;
  for (auto at = held_.begin(); at != held_.end() && bytes_ + bytes > most;) {
    const EvidencePlace place = (at++)->second.place;
    if (kept.count(place.alarm) != 0) continue;
    remove(place);
    gone.push_back(place);
  }
  return gone;
}

std::vector<EvidencePlace> EvidenceFolder::remove_before(const std::string& day,
                                                         const std::set<std::string>& kept) {
  std::vector<EvidencePlace> gone;
  for (auto at = held_.begin(); at != held_.end();) {
    const EvidencePlace place = (at++)->second.place;
    if (place.day >= day || kept.count(place.alarm) != 0) continue;
    remove(place);
    gone.push_back(place);
  }
  return gone;
}

}  // namespace dfd::monitor
