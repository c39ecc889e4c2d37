// SPDX-License-Identifier: LGPL-2.1-or-later

#include "notify_limit.h"

#include <algorithm>

namespace dfd::monitor {

bool NotifyLimit::admit(Time now, const std::string& alarm) {
  constexpr auto kHour = std::chrono::hours(1);
  if (!most_) return true;
  while (!admitted_.empty() && now - admitted_.front().first >= kHour) admitted_.pop_front();
  if (admitted_.size() < static_cast<std::size_t>(*most_)) {
    admitted_.emplace_back(now, alarm);
    return true;
  }
  if (!flood_ || now - *flood_ >= kHour) {
    flood_ = now;
    flood_due_ = true;
  }
  return false;
}

void NotifyLimit::give_back(const std::string& alarm) {
  const auto at = std::find_if(admitted_.begin(), admitted_.end(),
                               [&](const auto& entry) { return entry.second == alarm; });
  if (at != admitted_.end()) admitted_.erase(at);
}

bool NotifyLimit::take_flood() { return std::exchange(flood_due_, false); }

}  // namespace dfd::monitor
