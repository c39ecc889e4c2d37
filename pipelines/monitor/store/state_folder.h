// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The folder where a monitor keeps what it must know after a restart.

#pragma once

#include <stdexcept>
#include <string>

namespace dfd::monitor {

// Where nothing is configured: $STATE_DIRECTORY (systemd), else
// $XDG_STATE_HOME/deepfake-monitor, else ~/.local/state/deepfake-monitor.
std::string default_state_folder();

// Another monitor works in the folder.
class FolderTaken : public std::runtime_error {
 public:
  explicit FolderTaken(const std::string& folder);
};

// Makes the folder (mode 0750) and holds it for this process alone.
class StateFolder {
 public:
  // Throws FolderTaken; std::runtime_error where it cannot be made or written.
  explicit StateFolder(const std::string& path);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

 private:
  int lock_ = -1;
};

}  // namespace dfd::monitor
