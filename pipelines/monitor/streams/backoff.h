// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How long to wait before a source is tried again.

#pragma once

#include <functional>

#include "base/clock.h"
#include "config/config.h"

namespace dfd::monitor {

class Backoff {
 public:
  // In [0, 1).
  using Chance = std::function<double()>;

  Backoff(const BackoffConfig& config, Chance chance);

  // Each wait is `factor` times the one before, up to the longest, with jitter. Where the source
  // refuses us the longest is 5 minutes: servers lock out who asks too often.
  Duration next(bool refused);

  // From the next wait on.
  void configure(const BackoffConfig& config) { config_ = config; }

  // The next wait is the shortest again.
  void reset();

 private:
  BackoffConfig config_;
  Chance chance_;
  double wait_s_ = 0;
};

}  // namespace dfd::monitor
