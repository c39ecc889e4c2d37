// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where events go. Each output has a thread of its own: nothing here waits for a disk or a network.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dfd::monitor {

class Output {
 public:
  virtual ~Output() = default;

  // An event, one line of JSON without its newline. Any thread.
  virtual void write(std::string event) = 0;

  // Any thread. Events that would be lost with the program; those that have not arrived, with
  // these; and those that never will.
  virtual std::size_t unkept() const = 0;
  virtual std::size_t waiting() const = 0;
  virtual std::uint64_t dropped() const = 0;
};

}  // namespace dfd::monitor
