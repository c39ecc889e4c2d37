// SPDX-License-Identifier: LGPL-2.1-or-later

#include "state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace dfd::monitor {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Folders above it that are missing, too.
void make_folder(const std::filesystem::path& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return;
  if (path.has_parent_path() && path != path.parent_path()) make_folder(path.parent_path());
  if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    throw std::runtime_error(path.string() + ": cannot be made: " + std::strerror(errno));
  }
}

}  // namespace

std::string default_state_folder() {
  // More than one is parted by colons.
  const std::string systemd = environment("STATE_DIRECTORY");
  if (!systemd.empty()) return systemd.substr(0, systemd.find(':'));
  const std::string state = environment("XDG_STATE_HOME");
  return (state.empty() ? environment("HOME") + "/.local/state" : state) + "/deepfake-monitor";
}

FolderTaken::FolderTaken(const std::string& folder)
    : std::runtime_error(folder +
                         ": another deepfake-monitor works here; give each its state_dir") {}

StateFolder::StateFolder(const std::string& path) {
  make_folder(path);
  const std::string file = path + "/lock";
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) {
    throw std::runtime_error(file + ": cannot be opened: " + std::strerror(errno));
  }
  // The kernel lets it go with the process, however that ends.
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  close(lock_);
  if (code == EWOULDBLOCK) throw FolderTaken(path);
  throw std::runtime_error(file + ": cannot be locked: " + std::strerror(code));
}

StateFolder::~StateFolder() { close(lock_); }

}  // namespace dfd::monitor
