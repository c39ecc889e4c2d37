// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/file_list.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

void walk(const fs::path& folder, std::vector<ListedFile>& files) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    const fs::file_status status = entry->symlink_status(unknown);
    if (fs::is_directory(status)) {
      walk(entry->path(), files);
    } else if (fs::is_regular_file(status)) {
      files.push_back({entry->path().string(), false, ""});
    } else if (unknown) {
      files.push_back({entry->path().string(), false, unknown.message()});
    }
  }
  if (error) files.push_back({folder.string(), true, error.message()});
}

}  // namespace

std::vector<ListedFile> list_files(const std::vector<std::string>& paths) {
  std::vector<ListedFile> files;
  for (const std::string& path : paths) {
    fs::path normal = fs::path(path).lexically_normal();
    std::error_code error;
    if (fs::is_directory(normal, error)) {
      // "videos/" and "videos" give the same paths.
      if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();
      walk(normal, files);
    } else {
      files.push_back({normal.string(), true, ""});
    }
  }
  // Of twins the named one comes first, and stays.
  std::sort(files.begin(), files.end(), [](const ListedFile& a, const ListedFile& b) {
    return a.path != b.path ? a.path < b.path : a.named && !b.named;
  });
  files.erase(std::unique(files.begin(), files.end(),
                          [](const auto& a, const auto& b) { return a.path == b.path; }),
              files.end());
  return files;
}

std::vector<std::string> read_list(const std::string& file) {
  std::ifstream stream;
  if (file != "-") stream.open(file);
  std::istream& lines = file == "-" ? std::cin : stream;
  if (!lines) throw std::runtime_error(file + ": the list of files cannot be read");
  std::vector<std::string> paths;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) paths.push_back(line);
  }
  if (lines.bad()) throw std::runtime_error(file + ": the list of files cannot be read");
  return paths;
}

}  // namespace dfd::monitor
