// SPDX-License-Identifier: LGPL-2.1-or-later
//
// When a window that keeps its samples is full: with its T-th, and then once every stride.

#pragma once

#include <cstdint>

#include "base/check.h"

namespace dfd {

// Thread-compatible.
class WindowCount {
 public:
  // Both >= 1, else throws Error(kInvalidArgument).
  WindowCount(int length, int stride) : length_(length), stride_(stride) {
    DFD_REQUIRE(length >= 1 && stride >= 1, ErrorCode::kInvalidArgument,
                "a window of " << length << " samples, every " << stride
                               << ": at least 1 of both expected");
  }

  bool next_fills() const {
    return samples_ + 1 >= length_ && (samples_ + 1 - length_) % stride_ == 0;
  }
  void add() { ++samples_; }
  void restart() { samples_ = 0; }
  int length() const { return length_; }

 private:
  int length_;
  int stride_;
  std::int64_t samples_ = 0;  // Since the last restart.
};

}  // namespace dfd
