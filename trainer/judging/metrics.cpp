// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/metrics.h"

#include <algorithm>
#include <cmath>

namespace dfd {

Metrics measure(const std::vector<Scored>& scores, double threshold) {
  Metrics metrics;
  double correct = 0;
  for (const Scored& scored : scores) {
    (scored.fake ? metrics.fake : metrics.real) += 1;
    correct += (scored.probability >= threshold) == scored.fake ? 1 : 0;
    const double p = std::clamp(scored.probability, 1e-7, 1 - 1e-7);
    metrics.log_loss -= std::log(scored.fake ? p : 1 - p);
  }
  const auto count = static_cast<double>(scores.size());
  if (scores.empty()) return metrics;
  metrics.accuracy = correct / count;
  metrics.log_loss /= count;
  metrics.auc = 0.5;
  metrics.eer = 0.5;
  metrics.average_precision = static_cast<double>(metrics.fake) / count;
  if (metrics.real == 0 || metrics.fake == 0) return metrics;

  // From the highest score down; equal scores are taken together.
  std::vector<Scored> order = scores;
  std::sort(order.begin(), order.end(),
            [](const Scored& a, const Scored& b) { return a.probability > b.probability; });
  double found = 0;
  double false_alarms = 0;
  double nearest = 2;
  metrics.auc = 0;
  metrics.average_precision = 0;
  for (std::size_t i = 0; i < order.size();) {
    double fakes = 0;
    double reals = 0;
    const double value = order[i].probability;
    for (; i < order.size() && order[i].probability == value; ++i) {
      (order[i].fake ? fakes : reals) += 1;
    }
    metrics.auc += reals * (found + fakes / 2);
    found += fakes;
    false_alarms += reals;
    metrics.average_precision += fakes / metrics.fake * found / (found + false_alarms);
    const double positive = false_alarms / metrics.real;
    const double negative = 1 - found / metrics.fake;
    if (std::abs(positive - negative) < nearest) {
      nearest = std::abs(positive - negative);
      metrics.eer = (positive + negative) / 2;
    }
  }
  metrics.auc /= static_cast<double>(metrics.real) * metrics.fake;
  return metrics;
}

}  // namespace dfd
