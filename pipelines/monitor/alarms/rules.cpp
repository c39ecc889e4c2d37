// SPDX-License-Identifier: LGPL-2.1-or-later

#include "rules.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace dfd::monitor {

AlarmInput face_input(const AlarmConfig& config, double hysteresis, const Coverage& coverage,
                      const Finding& finding) {
  AlarmInput input;
  if (finding.threshold) {
    input.on = config.on.value_or(*finding.threshold);
    // An `on` below the element's threshold takes its `off` along.
    input.off =
        config.off.value_or(std::min(*input.on, std::max(0.0, *finding.threshold - hysteresis)));
  }
  if (!coverage.live) {
    input.reason = coverage.reason;
    return input;
  }
  input.reason = finding.reason;
  input.probability = finding.probability;
  if (finding.verdict == Verdict::kUndecided) {
    if (finding.reason == "no-face") input.signal = Signal::kBelow;
    return input;
  }
  if (!finding.probability || !input.on) return input;
  if (*finding.probability >= *input.on) {
    input.signal = Signal::kOver;
  } else {
    input.signal = *finding.probability < *input.off ? Signal::kBelow : Signal::kBetween;
  }
  return input;
}

AlarmInput picture_input(const std::string& reason, const Coverage& coverage,
                         const Finding& finding) {
  // Undecided for another reason than the picture as a whole, which was looked at.
  constexpr std::string_view kSeen[] = {"no-face", "partial", "too-small", "blurred",       "dark",
                                        "bright",  "profile", "occluded",  "low-confidence"};
  AlarmInput input;
  input.reason = coverage.live ? finding.reason : coverage.reason;
  if (!coverage.live) return input;
  if (finding.verdict != Verdict::kUndecided ||
      std::find(std::begin(kSeen), std::end(kSeen), finding.reason) != std::end(kSeen)) {
    input.signal = Signal::kBelow;
  } else if (finding.reason == reason) {
    input.signal = Signal::kOver;
  }
  return input;
}

AlarmInput down_input(const Coverage& coverage) {
  AlarmInput input;
  input.reason = coverage.reason;
  if (coverage.down) {
    input.signal = Signal::kOver;
  } else if (coverage.live) {
    input.signal = Signal::kBelow;
  }
  return input;
}

}  // namespace dfd::monitor
