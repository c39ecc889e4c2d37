// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/series.h"

#include <algorithm>
#include <utility>

namespace dfd::monitor {

void Series::add(std::uint64_t time_ns, double probability) {
  if (!points_.empty()) {
    SeriesPoint& last = points_.back();
    time_ns = std::max(time_ns, last.time_ns);
    if (slot_of(time_ns) == slot_of(last.time_ns)) {
      if (probability > last.probability) last = {time_ns, probability};
      return;
    }
  }
  points_.push_back({time_ns, probability});
  while (points_.size() > kMostPoints) widen_slots();
}

void Series::widen_slots() {
  slot_ns_ *= 2;
  const std::vector<SeriesPoint> all = std::exchange(points_, {});
  for (const SeriesPoint& point : all) {
    const bool same = !points_.empty() && slot_of(points_.back().time_ns) == slot_of(point.time_ns);
    if (!same) {
      points_.push_back(point);
    } else if (point.probability > points_.back().probability) {
      points_.back() = point;
    }
  }
}

}  // namespace dfd::monitor
