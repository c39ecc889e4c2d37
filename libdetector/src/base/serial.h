// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Work that is too small to be shared.

#pragma once

namespace dfd {

// While it lives, what this thread calls of LibTorch and oneDNN is done on this thread alone.
// OpenMP's other threads spin for milliseconds after each operation, however small. No effect in a
// build without oneDNN.
class Serial {
 public:
  Serial();
  ~Serial();
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;

 private:
  int before_;
};

}  // namespace dfd
