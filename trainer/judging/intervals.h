// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How sure a figure is.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "judging/clip_score.h"

namespace dfd {

constexpr double kConfidence = 0.95;

struct Interval {
  double low = 0;
  double high = 0;
};

// Exact 95 % interval of a share, by Clopper and Pearson 1934: never too narrow. hits <= trials,
// trials > 0.
Interval clopper_pearson(std::size_t hits, std::size_t trials);

// Which clips hang together: those that share an identity or a source, or were made from one
// another, directly or by way of others. A number from 0 on for each clip; one with neither stands
// alone.
std::vector<std::size_t> connected_groups(const std::vector<ClipScore>& clips);

struct BootstrapOptions {
  int draws = 1000;  // >= 0; without any there are no intervals.
  std::uint64_t seed = 1;
};

// Figures of a resample: counts says how often each clip counts.
using ResampleFigures =
    std::function<std::vector<std::optional<double>>(const std::vector<int>& counts)>;

// 95 % percentile intervals (Efron 1979) of each figure. Whole groups are drawn, with replacement,
// as many as there are: clips of one person are no independent evidence. group_of: as
// connected_groups() gives it. A figure has none with fewer than two groups, or where fewer than
// half the draws have it. The same seed draws the same on every machine.
std::vector<std::optional<Interval>> bootstrap(const std::vector<std::size_t>& group_of,
                                               const BootstrapOptions& options,
                                               const ResampleFigures& figures);

}  // namespace dfd
