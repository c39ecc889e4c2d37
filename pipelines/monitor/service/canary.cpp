// SPDX-License-Identifier: LGPL-2.1-or-later

#include "canary.h"

namespace dfd::monitor {

std::optional<bool> Canary::update(Time now, bool seen) {
  if (seen || !last_) last_ = now;
  const bool heard = seen || (heard_ && now - *last_ < timeout_);
  if (heard == heard_) return std::nullopt;
  heard_ = heard;
  return heard;
}

}  // namespace dfd::monitor
