// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/track_decision.h"

#include <algorithm>
#include <cmath>

namespace dfd {
namespace {

// kept: weight of the old value, [0, 1].
double smoothed(const std::optional<double>& old, double fresh, double kept) {
  return fresh + (old.value_or(fresh) - fresh) * kept;
}

}  // namespace

void TrackDecision::begin_anew(const DecisionConfig& config) {
  const Verdict alarm = std::max(verdict_, Verdict::kUndecided);
  *this = TrackDecision(config);
  verdict_ = alarm;
}

void TrackDecision::update(double score, Timestamp time, const EvidenceProbabilities& evidence) {
  double kept = 0;  // Weight of the old value.
  if (probability_ && config_.half_life.count() > 0) {
    kept = std::exp2(-static_cast<double>((time - updated_).count()) /
                     static_cast<double>(config_.half_life.count()));
  }
  probability_ = smoothed(probability_, score, kept);
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    indicators_[i] =
        evidence[i] ? std::optional(smoothed(indicators_[i], *evidence[i], kept)) : std::nullopt;
  }
  updated_ = time;

  const bool above = *probability_ >= config_.threshold;
  const bool below = *probability_ < config_.threshold - config_.hysteresis;
  if (!above) {
    above_since_.reset();
  } else if (!above_since_) {
    above_since_ = time;
  }
  if (!below) {
    below_since_.reset();
  } else if (!below_since_) {
    below_since_ = time;
  }

  if (below) {
    verdict_ = held(below_since_, time) ? Verdict::kAuthentic : Verdict::kUndecided;
  } else if (verdict_ != Verdict::kManipulated) {
    verdict_ = held(above_since_, time) ? Verdict::kManipulated : Verdict::kSuspicious;
  }
}

}  // namespace dfd
