// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/settings.h"

#include "base/check.h"

namespace dfd {

void require_explainable(const ExplainConfig& explain) {
  // As many as no stream has frames; it also refuses what is no number.
  constexpr double kMost = 1000;
  DFD_REQUIRE(
      explain.rate > 0 && explain.rate <= kMost, ErrorCode::kInvalidArgument,
      "explain-rate " << explain.rate << ": expected above 0, at most " << kMost << " a second");
  DFD_REQUIRE(explain.faces >= 1, ErrorCode::kInvalidArgument,
              "faces to explain " << explain.faces << ": expected at least 1");
}

SessionConfig resolve(SessionConfig config, const ModelConfig& model) {
  const auto require = [](bool good, const char* what) {
    DFD_REQUIRE(good, ErrorCode::kInvalidArgument, what);
  };
  // Beyond an hour times start to overflow when they are multiplied, and nothing would be found.
  constexpr std::chrono::hours kLongest{1};
  require(config.detection_interval.count() >= 0 && config.detection_interval <= kLongest,
          "detection-interval must be 0 to 1 hour");
  require(config.min_face_size >= 16, "min-face-size must be at least 16 pixels");
  require(config.max_faces >= 1, "max-faces must be at least 1");
  require(config.window_stride >= 1, "window-stride must be at least 1");
  require(config.max_queued >= 1, "at least one frame must be allowed to wait");
  require(config.sample_rate.numerator >= 0 && config.sample_rate.denominator >= 1,
          "sample-rate must be a fraction >= 0");
  if (!config.sample_rate.given()) config.sample_rate = model.sample_rate;
  if (config.max_gap.count() <= 0) config.max_gap = 3 * config.sample_rate.period();
  DecisionConfig& decision = config.decision;
  if (decision.threshold < 0) decision.threshold = model.threshold;
  require(decision.threshold <= 1, "threshold must be in [0, 1]");
  require(decision.hysteresis >= 0 && decision.hysteresis <= 1, "hysteresis must be in [0, 1]");
  require(decision.half_life.count() >= 0 && decision.min_duration.count() >= 0,
          "smoothing and minimum duration must not be negative");
  require_explainable(config.explain);
  return config;
}

}  // namespace dfd
