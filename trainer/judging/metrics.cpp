// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace dfd {
namespace {

double loss_of(const Scored& scored) {
  const double p = std::clamp(scored.probability, 1e-7, 1 - 1e-7);
  return -std::log(scored.fake ? p : 1 - p);
}

// None without weight.
template <typename Loss>
std::optional<double> mean_loss(const std::vector<Scored>& scores, const Loss& loss) {
  double sum = 0;
  double weight = 0;
  for (const Scored& scored : scores) {
    sum += scored.weight * loss(scored);
    weight += scored.weight;
  }
  if (!(weight > 0)) return std::nullopt;
  return sum / weight;
}

}  // namespace

Metrics measure(const std::vector<Scored>& scores, double threshold) {
  Metrics metrics;
  if (scores.empty()) return metrics;
  Confusion confusion;
  std::vector<Ranked> ranked;
  for (const Scored& scored : scores) {
    (scored.fake ? metrics.fake : metrics.real) += 1;
    confusion.add(scored.probability >= threshold, scored.fake);
    ranked.push_back({scored.probability, scored.fake});
  }
  const Roc roc = Ranking(ranked).roc();
  metrics.accuracy = *confusion.accuracy();
  metrics.log_loss = *log_loss(scores);
  metrics.auc = area_under(roc).value_or(0.5);
  metrics.eer = equal_error_rate(roc).value_or(0.5);
  metrics.average_precision =
      average_precision(roc).value_or(metrics.fake / static_cast<double>(scores.size()));
  return metrics;
}

Ranking::Ranking(const std::vector<Ranked>& clips) : places_(clips.size()) {
  for (const Ranked& clip : clips) {
    DFD_REQUIRE(!std::isnan(clip.score), ErrorCode::kInvalidArgument,
                "a score to be ranked is no number");
  }
  std::iota(places_.begin(), places_.end(), std::size_t{0});
  std::stable_sort(places_.begin(), places_.end(),
                   [&](std::size_t a, std::size_t b) { return clips[a].score > clips[b].score; });
  clips_.reserve(clips.size());
  for (const std::size_t place : places_) clips_.push_back(clips[place]);
}

Roc Ranking::roc() const { return roc(std::vector<int>(clips_.size(), 1)); }

Roc Ranking::roc(const std::vector<int>& counts) const {
  DFD_CHECK(counts.size() == clips_.size());
  Roc roc;
  for (std::size_t i = 0; i < clips_.size();) {
    const double score = clips_[i].score;
    const double before = roc.reals + roc.fakes;
    for (; i < clips_.size() && clips_[i].score == score; ++i) {
      (clips_[i].fake ? roc.fakes : roc.reals) += counts[places_[i]];
    }
    if (roc.reals + roc.fakes > before) roc.points.push_back({score, roc.reals, roc.fakes});
  }
  return roc;
}

std::optional<double> area_under(const Roc& roc) {
  if (!roc.has_both()) return std::nullopt;
  double area = 0;
  RocPoint last;
  for (const RocPoint& point : roc.points) {
    area += (point.reals - last.reals) * (last.fakes + point.fakes) / 2;
    last = point;
  }
  return area / (roc.reals * roc.fakes);
}

std::optional<double> equal_error_rate(const Roc& roc) {
  if (!roc.has_both()) return std::nullopt;
  double nearest = 2;  // Farther apart than two rates can be.
  double rate = 0;
  for (const RocPoint& point : roc.points) {
    const double positive = point.reals / roc.reals;
    const double negative = 1 - point.fakes / roc.fakes;
    if (std::abs(positive - negative) < nearest) {
      nearest = std::abs(positive - negative);
      rate = (positive + negative) / 2;
    }
  }
  return rate;
}

std::optional<double> average_precision(const Roc& roc) {
  if (!roc.has_both()) return std::nullopt;
  double sum = 0;
  double found = 0;
  for (const RocPoint& point : roc.points) {
    sum += (point.fakes - found) * point.fakes / (point.fakes + point.reals);
    found = point.fakes;
  }
  return sum / roc.fakes;
}

std::optional<TruePositives> true_positives_at(const Roc& roc, double allowed) {
  DFD_REQUIRE(allowed > 0 && allowed <= 1, ErrorCode::kInvalidArgument,
              "a false-positive rate in (0, 1] expected, got " << allowed);
  if (!roc.has_both()) return std::nullopt;
  // 1 / 0.01 is a little more or less than 100 in binary.
  constexpr double kRounding = 1e-9;
  TruePositives best;
  best.allowed = allowed;
  best.score = std::numeric_limits<double>::infinity();
  best.reals_needed = static_cast<std::size_t>(std::ceil(1 / allowed - kRounding));
  best.enough = roc.reals >= static_cast<double>(best.reals_needed);
  for (const RocPoint& point : roc.points) {
    if (point.score == kUnscored || point.reals > allowed * roc.reals * (1 + kRounding)) break;
    best.rate = point.fakes / roc.fakes;
    best.false_positive = point.reals / roc.reals;
    best.score = point.score;
  }
  return best;
}

std::vector<DetPoint> det_points(const Roc& roc) {
  std::vector<DetPoint> points;
  if (!roc.has_both()) return points;
  const auto inside = [](double count, double of) {
    return std::clamp(count, 0.5, of - 0.5) / of;  // A deviate of 0 or 1 would be infinite.
  };
  for (const RocPoint& point : roc.points) {
    DetPoint det;
    det.false_positive = inside(point.reals, roc.reals);
    det.miss = inside(roc.fakes - point.fakes, roc.fakes);
    det.x = normal_deviate(det.false_positive);
    det.y = normal_deviate(det.miss);
    points.push_back(det);
  }
  return points;
}

double normal_deviate(double p) {
  DFD_CHECK(p > 0 && p < 1);
  // Beyond 39 deviations a double has no probability left; 64 halvings leave nothing to halve.
  double low = -39;
  double high = 39;
  for (int i = 0; i < 64; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

void Confusion::add(bool flagged, bool fake, double weight) {
  if (fake) {
    (flagged ? hits : misses) += weight;
  } else {
    (flagged ? false_alarms : passes) += weight;
  }
}

std::optional<double> Confusion::accuracy() const {
  const double all = hits + misses + false_alarms + passes;
  if (!(all > 0)) return std::nullopt;
  return (hits + passes) / all;
}

std::optional<double> Confusion::balanced_accuracy() const {
  if (!(hits + misses > 0) || !(false_alarms + passes > 0)) return std::nullopt;
  return (hits / (hits + misses) + passes / (false_alarms + passes)) / 2;
}

std::optional<double> brier_score(const std::vector<Scored>& scores) {
  return mean_loss(scores, [](const Scored& scored) {
    const double difference = scored.probability - (scored.fake ? 1 : 0);
    return difference * difference;
  });
}

std::optional<double> log_loss(const std::vector<Scored>& scores) {
  return mean_loss(scores, loss_of);
}

std::vector<ReliabilityBin> reliability(const std::vector<Scored>& scores) {
  std::vector<ReliabilityBin> bins(kReliabilityBins);
  for (const Scored& scored : scores) {
    DFD_REQUIRE(scored.probability >= 0 && scored.probability <= 1, ErrorCode::kInvalidArgument,
                "a probability in [0, 1] expected, got " << scored.probability);
    const auto place = static_cast<std::size_t>(
        std::min(kReliabilityBins - 1, static_cast<int>(scored.probability * kReliabilityBins)));
    bins[place].weight += scored.weight;
    bins[place].mean_probability += scored.weight * scored.probability;
    bins[place].share_of_fakes += scored.fake ? scored.weight : 0;
  }
  for (std::size_t i = 0; i < bins.size(); ++i) {
    bins[i].low = static_cast<double>(i) / kReliabilityBins;
    bins[i].high = static_cast<double>(i + 1) / kReliabilityBins;
    if (!(bins[i].weight > 0)) continue;
    bins[i].mean_probability /= bins[i].weight;
    bins[i].share_of_fakes /= bins[i].weight;
  }
  return bins;
}

std::optional<double> expected_calibration_error(const std::vector<ReliabilityBin>& bins) {
  double sum = 0;
  double weight = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += bin.weight * std::abs(bin.mean_probability - bin.share_of_fakes);
    weight += bin.weight;
  }
  if (!(weight > 0)) return std::nullopt;
  return sum / weight;
}

}  // namespace dfd
