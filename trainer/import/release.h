// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A model made ready to be given to others: half as large, and saying whose it is.

#pragma once

#include <string>
#include <vector>

namespace dfd {

struct ReleaseOptions {
  std::string model;  // A file of kind "model".
  std::string output;
  std::string license;      // SPDX's name of it; empty: as the file has it.
  std::string attribution;  // Who made it of whose pictures; empty: as the file has it.
};

// Writes all weights as F16, which every reader of model files widens. Returns what there is to
// say. Throws Error: kNotFound, kIo, kCorruptModel; kUnsupportedModel for another kind of file, or
// a weight that F16 cannot hold.
std::vector<std::string> release_model(const ReleaseOptions& options);

}  // namespace dfd
