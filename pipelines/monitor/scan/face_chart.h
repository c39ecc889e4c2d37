// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures of a face's probability over time, as SVG for a page. Pure logic.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace dfd::monitor {

struct ChartPoint {
  double time_s = 0;
  // In [0, 1].
  double probability = 0;
};

// Of `series`, [[seconds, probability], ...]; what is none is left out.
std::vector<ChartPoint> chart_points(const Json& face);

struct ChartFrame {
  // The end of the time axis, above 0.
  double duration_s = 1;
  // In [0, 1].
  std::optional<double> threshold;
};

// A line as long as a row is high, without words.
std::string sparkline(const std::vector<ChartPoint>& points, const ChartFrame& frame);

// With axes; `name` is what readers of screens are told.
std::string face_chart(const std::vector<ChartPoint>& points, const ChartFrame& frame,
                       const std::string& name);

}  // namespace dfd::monitor
