// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a scan's files come from, and who is told what became of them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "scan/file_list.h"
#include "scan/file_result.h"
#include "scan/totals.h"

namespace dfd::monitor {

struct Task {
  ListedFile file;
  // Each task's own, as long as it is not settled.
  std::uint64_t number = 0;
};

// Used by the main loop's thread, which nothing here holds up.
class Work {
 public:
  virtual ~Work() = default;

  // Where they come from, for people.
  virtual std::string text() const = 0;
  // How many there are; nothing where nobody knows, and it may never end.
  virtual std::optional<std::size_t> size() const = 0;

  // The next one; nothing where there is none now. Throws std::runtime_error where there can be
  // none any more.
  virtual std::optional<Task> next() = 0;
  // None will come any more.
  virtual bool is_over() const = 0;

  // It failed; true where it will be tried again, by whomever, so that it has no line now.
  virtual bool takes_back(const Task& task, const FileError& error) = 0;
  // Its line is on disk, or it needs none.
  virtual void settle(const Task& task, bool failed) = 0;

  // No more are wanted.
  virtual void stop() = 0;
  // After the last one: waits until all that was settled is known where it has to be. Adds what is
  // left to `totals`.
  virtual void end(Totals& totals) = 0;
};

}  // namespace dfd::monitor
