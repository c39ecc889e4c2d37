// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backoff.h"

#include <algorithm>
#include <utility>

namespace dfd::monitor {

Backoff::Backoff(const BackoffConfig& config, Chance chance)
    : config_(config), chance_(std::move(chance)) {}

Duration Backoff::next(bool refused) {
  constexpr double kLongestRefused = 300;
  const double longest = refused ? std::max(config_.max_s, kLongestRefused) : config_.max_s;
  wait_s_ = wait_s_ == 0 ? config_.min_s : wait_s_ * config_.factor;
  wait_s_ = std::min(wait_s_, longest);
  return from_seconds(wait_s_ * (1 + config_.jitter * (2 * chance_() - 1)));
}

void Backoff::reset() { wait_s_ = 0; }

}  // namespace dfd::monitor
