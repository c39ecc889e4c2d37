// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the trainer tells people what it does.

#pragma once

#include <functional>
#include <string>

namespace dfd {

// Tells people something, a line at a time.
using Say = std::function<void(const std::string&)>;

// Of embedding clips, which takes most of a run's time.
struct EmbedProgress {
  Say say;
  std::function<void(int done, int of, int computed)> embedded;
};

}  // namespace dfd
