// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the trainer tells people what it does.

#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace dfd {

// Tells people something, a line at a time.
using Say = std::function<void(const std::string&)>;

// Of embedding clips, which takes most of a run's time.
struct EmbedProgress {
  Say say;
  std::function<void(int done, int of, int computed)> embedded;

  // Of so many clips some were missing, and of these so many are done.
  void computed(std::size_t done, std::size_t missing, std::size_t clips) const {
    embedded(static_cast<int>(clips - missing + done), static_cast<int>(clips),
             static_cast<int>(done));
  }
};

}  // namespace dfd
