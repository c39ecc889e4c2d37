// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lines of scans read back: of shards, and of runs one after another.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "scan/file_result.h"

namespace dfd::monitor {

// In the order of a page: the worst first.
enum class Standing { kManipulated, kFailed, kUndecided, kAuthentic };

// "manipulated", "failed", ...
const char* name_of(Standing standing);

struct JoinedFile {
  // As in the file system.
  std::string path;
  Standing standing = Standing::kUndecided;
  // The worst face's, in [0, 1]; -1 where there is none.
  double probability = -1;
  // The names of its faces' pictures.
  std::vector<std::string> pictures;
  // The whole of what was said, as text: of a large archive it would not fit into memory otherwise.
  std::string line;
};

class JoinedResults {
 public:
  // Of a path the last line counts, over all files. Throws std::runtime_error where the file cannot
  // be read, or is no scan's.
  void add(const std::string& result_file);

  // By standing, then the most probable, then by path.
  std::vector<JoinedFile> worst_first() const;

  // What is missing, for people; empty where all is there.
  std::vector<std::string> gaps() const;

 private:
  using Number = std::uint64_t;

  // False where it is no file's line. `object` is what is in it.
  bool add_file(std::string line, const Json& object);
  void add_summary(const std::string& file, const Json& summary);

  std::map<std::string, JoinedFile> files_;
  // By the file and the shard: files that were left over when its last run was stopped.
  std::map<std::pair<std::string, std::string>, Number> remaining_;
  // By how many shards there are: those that came to an end.
  std::map<std::string, std::set<std::string>> shards_;
  // With lines after the last summary, or without any.
  std::vector<std::string> unfinished_;
  Number damaged_lines_ = 0;
};

// Of an object; nothing where it is not there, or something else.
std::optional<double> number_in(const Json& object, const char* name);
std::string text_in(const Json& object, const char* name);

}  // namespace dfd::monitor
