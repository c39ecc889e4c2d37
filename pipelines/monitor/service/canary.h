// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether alarms still come: a stream that shows a forgery has to be called one. It has no clock of
// its own.

#pragma once

#include <optional>

#include "base/clock.h"

namespace dfd::monitor {

class Canary {
 public:
  // For how long it may go unheard, from the first update on.
  explicit Canary(Duration timeout) : timeout_(timeout) {}

  // Whether its alarm fires and its picture is seen to be forged at this moment. Returns what it
  // has become: true where it is heard again, false where it is silent now.
  std::optional<bool> update(Time now, bool seen);

  bool is_heard() const { return heard_; }

 private:
  Duration timeout_;
  std::optional<Time> last_;
  bool heard_ = true;
};

}  // namespace dfd::monitor
