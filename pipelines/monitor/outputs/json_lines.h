// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events as lines of a file, written by a thread of its own: a disk that hangs stops no stream.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/leavable_thread.h"
#include "outputs/output.h"

namespace dfd::monitor {

class JsonLines : public Output {
 public:
  // "-" is standard output. Else the file is made (mode 0640) or written on; a last line that is
  // not whole, as after a crash, is ended first. Throws std::runtime_error where it cannot be
  // opened.
  explicit JsonLines(const std::string& path);

  // Writes what is left, for no longer than kCloseLimit, and then leaves the thread to itself.
  ~JsonLines() override;
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;

  // Where kMostWaiting lines wait, the oldest is dropped.
  void write(std::string line) override;

  std::size_t unkept() const override { return waiting(); }
  std::size_t waiting() const override;
  std::uint64_t dropped() const override;

  // About 20 MB of lines of an alarm with some faces.
  static constexpr std::size_t kMostWaiting = 10000;
  static constexpr Duration kCloseLimit = std::chrono::seconds(5);

 private:
  struct Shared;
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  LeavableThread thread_;
};

}  // namespace dfd::monitor
