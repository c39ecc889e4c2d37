// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files a scan looks at.

#pragma once

#include <string>
#include <vector>

namespace dfd::monitor {

struct ListedFile {
  // In the file system's own coding, without "." and double slashes.
  std::string path;
  // By its user, and not found in a folder: then it must be a video.
  bool named = false;
  // Why it cannot be looked at, where that is known already: a folder that cannot be read.
  std::string error;
};

// All of `paths`, and all regular files below those that are folders, each once, sorted by the
// bytes of their paths. Symbolic links are followed where they are named, and not below folders.
std::vector<ListedFile> list_files(const std::vector<std::string>& paths);

// The lines of a file, or of standard input where it is "-"; empty ones are left out. Throws
// std::runtime_error where it cannot be read.
std::vector<std::string> read_list(const std::string& file);

}  // namespace dfd::monitor
