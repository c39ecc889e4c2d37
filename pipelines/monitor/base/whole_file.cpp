// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/whole_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace dfd::monitor {

namespace fs = std::filesystem;

void make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    throw std::runtime_error(path + ": cannot be made: " + std::strerror(errno));
  }
}

void write_whole(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  {
    std::ofstream stream(part, std::ios::binary);
    stream << text << std::flush;
    if (!stream) throw std::runtime_error(part + ": cannot be written");
  }
  fs::permissions(part, fs::perms(0640));
  fs::rename(part, path);
}

}  // namespace dfd::monitor
