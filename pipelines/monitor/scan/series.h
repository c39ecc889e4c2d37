// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A face's probability over time, in few points however long it is there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dfd::monitor {

struct SeriesPoint {
  // Stream time.
  std::uint64_t time_ns = 0;
  // In [0, 1].
  double probability = 0;
};

// Of points that lie close together the highest stays, so that no peak is lost. Pure logic.
class Series {
 public:
  static constexpr std::size_t kMostPoints = 100;

  // Times do not go back; one that does counts as the last one's.
  void add(std::uint64_t time_ns, double probability);

  // At most kMostPoints, by time.
  const std::vector<SeriesPoint>& points() const { return points_; }

 private:
  std::uint64_t slot_of(std::uint64_t time_ns) const { return time_ns / slot_ns_; }
  void widen_slots();

  // One point each, the highest. From 40 ms on, the length of a picture: windows are farther apart.
  std::uint64_t slot_ns_ = 40'000'000;
  std::vector<SeriesPoint> points_;
};

}  // namespace dfd::monitor
