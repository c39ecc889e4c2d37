// SPDX-License-Identifier: LGPL-2.1-or-later

#include "decision/judgement.h"

#include <gtest/gtest.h>

namespace dfd {
namespace {

// A track that is judged as its scores say.
Circumstances good(Verdict decision) {
  Circumstances seen;
  seen.decision = decision;
  seen.stale = false;
  return seen;
}

void expect(const Circumstances& seen, Verdict verdict, Reason reason) {
  const Judgement judgement = judge(seen);
  EXPECT_EQ(judgement.verdict, verdict) << to_string(judgement.verdict);
  EXPECT_EQ(judgement.reason, reason) << to_string(judgement.reason);
}

TEST(Judgement, IsTheDecisionWithoutAReason) {
  for (const Verdict verdict : {Verdict::kAuthentic, Verdict::kSuspicious, Verdict::kManipulated}) {
    expect(good(verdict), verdict, Reason::kNone);
  }
  expect(good(Verdict::kUndecided), Verdict::kUndecided, Reason::kWarmingUp);
}

TEST(Judgement, NothingIsSaidOfAPictureThatSaysNothing) {
  for (const Verdict verdict : kVerdicts) {
    Circumstances seen = good(verdict);
    seen.too_small = true;
    seen.picture = Reason::kFrozen;
    expect(seen, Verdict::kUndecided, Reason::kFrozen);
  }
}

TEST(Judgement, NothingIsSaidOfAFaceTooSmall) {
  for (const Verdict verdict : kVerdicts) {
    Circumstances seen = good(verdict);
    seen.too_small = true;
    seen.refilling = Reason::kGap;
    expect(seen, Verdict::kUndecided, Reason::kTooSmall);
  }
}

TEST(Judgement, WhileAWindowFillsAgainNothingIsAuthenticButAnAlarmStays) {
  for (const Reason why : {Reason::kGap, Reason::kWarmingUp}) {
    Circumstances seen = good(Verdict::kAuthentic);
    seen.refilling = why;
    expect(seen, Verdict::kUndecided, why);
    seen.decision = Verdict::kUndecided;
    expect(seen, Verdict::kUndecided, why);
    seen.decision = Verdict::kManipulated;
    expect(seen, Verdict::kManipulated, Reason::kNone);
  }
}

TEST(Judgement, SamplesThatCannotBeJudgedTakeAuthenticBackAfterAWhile) {
  Circumstances seen = good(Verdict::kAuthentic);
  seen.quality = Reason::kDark;
  expect(seen, Verdict::kAuthentic, Reason::kNone);
  seen.stale = true;
  expect(seen, Verdict::kUndecided, Reason::kDark);
  seen.decision = Verdict::kUndecided;
  expect(seen, Verdict::kUndecided, Reason::kDark);
  seen.decision = Verdict::kSuspicious;
  expect(seen, Verdict::kSuspicious, Reason::kNone);
}

TEST(Judgement, OfNothingSeenIsUndecided) { expect({}, Verdict::kUndecided, Reason::kWarmingUp); }

}  // namespace
}  // namespace dfd
