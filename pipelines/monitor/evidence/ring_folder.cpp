// SPDX-License-Identifier: LGPL-2.1-or-later

#include "ring_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include "base/digest.h"

namespace dfd::monitor {
namespace {

std::string default_folder() {
  const char* runtime = std::getenv("RUNTIME_DIRECTORY");
  if (runtime == nullptr || *runtime == '\0') return "/dev/shm";
  // More than one is parted by colons.
  const std::string all = runtime;
  return all.substr(0, all.find(':'));
}

}  // namespace

std::string make_ring_folder(const std::string& ring_dir, const std::string& state_folder) {
  constexpr std::size_t kDigits = 12;
  const std::string digest = sha256_of(std::filesystem::absolute(state_folder).lexically_normal());
  std::string folder = (ring_dir.empty() ? default_folder() : ring_dir) + "/deepfake-monitor-" +
                       digest.substr(0, kDigits);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw std::runtime_error(folder + ": cannot be made: " + std::strerror(errno) +
                             "; monitor.ring_dir must name a folder that is there");
  }
  struct stat found {};
  // /dev/shm is everybody's: somebody else may have put something there.
  if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid()) {
    throw std::runtime_error(folder + ": is somebody else's; set monitor.ring_dir");
  }
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".ts") std::filesystem::remove(entry.path(), failed);
  }
  return folder;
}

std::uint64_t usual_ring_bytes(const std::string& folder) {
  std::error_code failed;
  const std::filesystem::space_info space = std::filesystem::space(folder, failed);
  // Of what cannot be asked nothing is known; each stream has its bound all the same.
  return failed ? std::numeric_limits<std::uint64_t>::max() : space.capacity / 2;
}

}  // namespace dfd::monitor
