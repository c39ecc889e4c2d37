// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the scores of one track to its verdict: smoothing over time, then hysteresis with a minimum
// duration. Pure logic. Rule: docs/architecture.md, "Verdicts".

#pragma once

#include <optional>

#include "detector/config.h"
#include "detector/frame.h"
#include "detector/report.h"

namespace dfd {

// Thread-compatible.
class TrackDecision {
 public:
  // threshold in config must be given ([0, 1]).
  explicit TrackDecision(const DecisionConfig& config) : config_(config) {}

  // A full window's probability in [0, 1], and that of each kind of evidence, which are smoothed
  // beside it and decide nothing. Times must not fall.
  void update(double score, Timestamp time, const EvidenceProbabilities& evidence = {});

  // Scores of another scale follow: the probability is forgotten, and that it was authentic. An
  // alarm stays until they say otherwise.
  void begin_anew(const DecisionConfig& config);

  void set_threshold(double threshold) { config_.threshold = threshold; }

  std::optional<double> probability() const { return probability_; }
  const EvidenceProbabilities& indicators() const { return indicators_; }
  Verdict verdict() const { return verdict_; }

 private:
  bool held(const std::optional<Timestamp>& since, Timestamp time) const {
    return since && time - *since >= config_.min_duration;
  }

  DecisionConfig config_;
  std::optional<double> probability_;
  EvidenceProbabilities indicators_{};
  Timestamp updated_{};
  std::optional<Timestamp> above_since_;  // Probability >= threshold without a break.
  std::optional<Timestamp> below_since_;  // Probability < threshold - hysteresis without a break.
  Verdict verdict_ = Verdict::kUndecided;
};

}  // namespace dfd
