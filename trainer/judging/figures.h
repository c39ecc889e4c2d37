// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All figures of merit of a set of clips, with their intervals, as JSON.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "judging/clip_score.h"
#include "judging/intervals.h"
#include "judging/metrics.h"

namespace dfd {

// Clips, which it refers to, what hangs together of them, and how they are judged. Checks the
// scores: throws Error(kInvalidArgument), with the clip's name, for a logit that is not finite, a
// probability outside [0, 1], one without the other, and for a threshold outside [0, 1].
class JudgedClips {
 public:
  JudgedClips(const std::vector<ClipScore>& clips, double threshold,
              const BootstrapOptions& options);

  const std::vector<ClipScore>& clips() const { return clips_; }
  const std::vector<std::size_t>& groups() const { return groups_; }
  const BootstrapOptions& options() const { return options_; }
  double threshold() const { return threshold_; }

  // Figures of some of the clips: {"real","fake","unscored","auc","eer","ap","accuracy",
  // "balanced_accuracy","tpr_at_1","tpr_at_5","brier","log_loss","ece","reals_needed"}. Each figure
  // is {"value","low","high"}, of which the latter two may be null; or null where there is none.
  // Clips without a score rank below all others and are never flagged; brier, log_loss and ece are
  // of the scored ones. reals_needed: of tpr_at_1 and tpr_at_5, where there are fewer the figure is
  // of no false alarm at all.
  nlohmann::ordered_json figures_of(const std::vector<std::size_t>& members) const;

 private:
  const std::vector<ClipScore>& clips_;
  double threshold_;
  BootstrapOptions options_;
  std::vector<std::size_t> groups_;
};

// As the rank figures take a clip.
Ranked ranked(const ClipScore& clip);

// Of the clips that have one.
std::vector<Scored> scored(const std::vector<ClipScore>& clips);

// {"value","low","high"}, or null without a value.
nlohmann::ordered_json figure(const std::optional<double>& value,
                              const std::optional<Interval>& interval);

// [0, count)
std::vector<std::size_t> everything(std::size_t count);

}  // namespace dfd
