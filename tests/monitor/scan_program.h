// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `scan` as its users run it, and small files for it.

#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "program.h"

namespace dfd::monitor::test {

// Of files by path, without what is of this run alone; and the summary.
struct ScanLines {
  std::map<std::string, Json> files;
  Json summary;
  std::size_t count = 0;
};

ScanLines scan_lines_of(const std::string& text);

struct Scanned {
  int code = 0;
  ScanLines lines;
};

Scanned scan(const std::vector<std::string>& arguments);

// A folder with none.mp4, without a face, real.mp4, with a drawn one, and forged.mp4, a drawn
// forgery. Made once for a build folder.
std::filesystem::path scan_clips();

// A new folder with so many copies of none.mp4: 0.mp4, 1.mp4, ...
std::filesystem::path archive(const std::string& name, int files);

}  // namespace dfd::monitor::test
