// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A first look at a file, on a thread of its own: disks and network file systems may hang.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "scan/file_list.h"
#include "scan/file_result.h"

namespace dfd::monitor {

// What the look gave.
struct Prepared {
  // The earlier result still holds: same path, and either size and time or digest are the same.
  bool known = false;
  // Found in a folder, and no video.
  bool skipped = false;
  std::optional<FileError> error;
  std::optional<FileIdentity> identity;
  std::string sha256;
};

// The look itself, which reads the whole file for its digest. Any thread.
Prepared prepare(const ListedFile& file, const std::optional<RecordedFile>& earlier);

// Used by the main loop's thread, which is woken up when the look has ended.
class Preparation {
 public:
  Preparation(ListedFile file, std::optional<RecordedFile> earlier);

  // What it gave; nothing until it has ended. A look that never ends is left to itself.
  std::optional<Prepared> result() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace dfd::monitor
