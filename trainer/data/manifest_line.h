// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The strict reader of a manifest's lines.

#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/clip.h"

namespace dfd {

constexpr int kManifestVersion = 1;

// Throws Error(kInvalidArgument) for what is no clip: file, line, key, what was expected and found.
// Thread-compatible.
class ManifestLines {
 public:
  explicit ManifestLines(const std::string& path);  // Throws Error: kNotFound, kIo.

  std::optional<Clip> next();  // Without its path; empty at the end. Throws Error, also kIo.

  std::size_t number() const { return number_; }       // Of the last line, from 1.
  std::string where() const;                           // "FILE:LINE: ", to begin an error with.
  const std::string& split() const { return split_; }  // The header's; empty where it says none.
  std::string remark() const;  // Which keys were ignored, for people; empty: none.

 private:
  bool read_line();  // Into line_; false at the end.

  std::string path_;
  std::ifstream in_;
  std::vector<char> buffer_;
  std::string line_;
  std::size_t number_ = 0;
  std::size_t objects_ = 0;  // A header is the first of them.
  std::string split_;
  std::set<std::string> ignored_;
};

}  // namespace dfd
