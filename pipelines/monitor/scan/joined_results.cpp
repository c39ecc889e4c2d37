// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/joined_results.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "scan/face_files.h"

namespace dfd::monitor {
namespace {

// A manipulated face that was found before a file failed is the worse news.
Standing standing_of(const RecordedFile& file) {
  if (file.verdict == Verdict::kManipulated) return Standing::kManipulated;
  if (file.failed) return Standing::kFailed;
  return file.verdict == Verdict::kAuthentic ? Standing::kAuthentic : Standing::kUndecided;
}

std::vector<std::string> pictures_in(const Json& file) {
  std::vector<std::string> names;
  const auto faces = file.find("faces");
  if (faces == file.end()) return names;
  for (const Json& face : *faces) {
    for (const char* kind : {"picture", "heatmap"}) {
      std::string name = text_in(face, kind);
      if (is_picture_name(name)) names.push_back(std::move(name));
    }
  }
  return names;
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

const char* name_of(Standing standing) {
  switch (standing) {
    case Standing::kManipulated:
      return "manipulated";
    case Standing::kFailed:
      return "failed";
    case Standing::kAuthentic:
      return "authentic";
    case Standing::kUndecided:
      break;
  }
  return "undecided";
}

std::optional<double> number_in(const Json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  if (at == object.end() || !at->is_number()) return std::nullopt;
  return at->get<double>();
}

std::string text_in(const Json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

void JoinedResults::add(const std::string& result_file) {
  std::ifstream stream(result_file, std::ios::binary);
  bool finished = false;
  std::uint64_t good = 0;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    const Json object = parsed(line);
    finished = is_summary(object);
    if (finished) add_summary(result_file, object);
    if (finished || add_file(std::move(line), object)) {
      ++good;
    } else {
      ++damaged_lines_;
    }
  }
  // A folder opens, and cannot be read: nothing comes of it.
  if (!stream.eof() || stream.bad()) {
    throw std::runtime_error(result_file + ": cannot be read");
  }
  if (good == 0) throw std::runtime_error(result_file + ": holds no lines of a scan");
  if (!finished) unfinished_.push_back(result_file);
}

bool JoinedResults::add_file(std::string line, const Json& object) {
  const auto recorded = file_in(object);
  if (!recorded) return false;
  JoinedFile joined;
  joined.path = recorded->path;
  joined.standing = standing_of(*recorded);
  joined.probability = number_in(object, "probability").value_or(-1);
  joined.pictures = pictures_in(object);
  joined.line = std::move(line);
  files_.insert_or_assign(recorded->path, std::move(joined));
  return true;
}

void JoinedResults::add_summary(const std::string& file, const Json& summary) {
  const std::string shard = text_in(summary, "shard");
  remaining_[{file, shard}] =
      static_cast<Number>(std::clamp(number_in(summary, "remaining").value_or(0), 0.0, 1e15));
  if (const std::size_t slash = shard.find('/'); slash != std::string::npos) {
    shards_[shard.substr(slash + 1)].insert(shard.substr(0, slash));
  }
}

std::vector<JoinedFile> JoinedResults::worst_first() const {
  std::vector<JoinedFile> sorted;
  for (const auto& [path, file] : files_) sorted.push_back(file);
  // The map's order by path stays among equals.
  std::stable_sort(sorted.begin(), sorted.end(), [](const JoinedFile& a, const JoinedFile& b) {
    return a.standing != b.standing ? a.standing < b.standing : a.probability > b.probability;
  });
  return sorted;
}

std::vector<std::string> JoinedResults::gaps() const {
  std::vector<std::string> gaps;
  Number remaining = 0;
  for (const auto& [run, files] : remaining_) remaining += files;
  if (remaining > 0) {
    gaps.push_back(counted(remaining, "file was", "files were") +
                   " not looked at: the scan was stopped");
  }
  for (const std::string& file : unfinished_) {
    gaps.push_back(file + " does not end with a summary: its scan has not ended");
  }
  for (const auto& [count, seen] : shards_) {
    if (std::to_string(seen.size()) != count) {
      gaps.push_back("of " + count + " shards there are " + std::to_string(seen.size()));
    }
  }
  if (damaged_lines_ > 0) {
    gaps.push_back(counted(damaged_lines_, "line is", "lines are") + " damaged, and left out");
  }
  return gaps;
}

}  // namespace dfd::monitor
