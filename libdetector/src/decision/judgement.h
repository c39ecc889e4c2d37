// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said of a track: its decision, unless what was seen of it forbids it. Rules:
// docs/architecture.md, "Verdicts".

#pragma once

#include "detector/report.h"

namespace dfd {

struct Circumstances {
  Verdict decision = Verdict::kUndecided;  // Of the smoothed scores: TrackDecision.
  Reason picture = Reason::kNone;          // kBlack or kFrozen: the picture says nothing.
  bool too_small = false;                  // The face, when it was last looked at.
  Reason refilling = Reason::kNone;        // Why the window fills again, if it does.
  Reason quality = Reason::kNone;          // Why the newest sample cannot be judged, if it cannot.
  bool stale = true;                       // No good sample within max-gap.
};

struct Judgement {
  Verdict verdict = Verdict::kUndecided;
  Reason reason = Reason::kWarmingUp;
};

Judgement judge(const Circumstances& seen) noexcept;

}  // namespace dfd
