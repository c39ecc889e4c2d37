// SPDX-License-Identifier: LGPL-2.1-or-later

#include "stuck_limit.h"

namespace dfd::monitor {

bool StuckLimit::note(Time now) {
  stuck_.push_back(now);
  while (now - stuck_.front() > kWithin) stuck_.pop_front();
  return stuck_.size() >= kMost;
}

}  // namespace dfd::monitor
