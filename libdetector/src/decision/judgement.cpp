// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/judgement.h"

namespace dfd {

Judgement judge(const Circumstances& seen) noexcept {
  // A picture or a face that says nothing gives no verdict, whatever was said before.
  if (seen.picture != Reason::kNone) return {Verdict::kUndecided, seen.picture};
  if (seen.too_small) return {Verdict::kUndecided, Reason::kTooSmall};
  // No full window has been seen since: "authentic" would rest on nothing. An alarm stays.
  if (seen.refilling != Reason::kNone && seen.decision == Verdict::kAuthentic) {
    return {Verdict::kUndecided, seen.refilling};
  }
  // The same: samples that nobody can judge have been all there was for a while.
  if (seen.quality != Reason::kNone && seen.stale && seen.decision <= Verdict::kUndecided) {
    return {Verdict::kUndecided, seen.quality};
  }
  if (seen.decision != Verdict::kUndecided) return {seen.decision, Reason::kNone};
  const bool refills = seen.refilling != Reason::kNone;
  return {Verdict::kUndecided, refills ? seen.refilling : Reason::kWarmingUp};
}

}  // namespace dfd
