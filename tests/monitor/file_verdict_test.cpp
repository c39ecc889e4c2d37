// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a file's findings come to, and a scan's files.

#include "scan/file_verdict.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scan/totals.h"

namespace {

using dfd::monitor::Decision;
using dfd::monitor::FileVerdict;
using dfd::monitor::FoundFace;
using dfd::monitor::News;
using dfd::monitor::Totals;
using dfd::monitor::Verdict;

FoundFace face(std::uint64_t id, Verdict verdict, const std::string& reason,
               std::uint64_t windows = 1) {
  FoundFace face;
  face.track_id = id;
  face.verdict = verdict;
  face.reason = reason;
  face.windows = windows;
  return face;
}

News news(double time_s, const std::vector<FoundFace>& faces,
          News::Kind kind = News::Kind::kStream) {
  News news;
  news.kind = kind;
  news.finding.stream_time_ns = static_cast<std::uint64_t>(time_s * 1e9);
  news.finding.threshold = 0.7;
  news.finding.faces = faces;
  if (faces.empty()) news.finding.reason = "no-face";
  return news;
}

TEST(FileVerdict, IsManipulatedWhenAnyTrackWas) {
  FileVerdict verdict;
  verdict.add(news(1, {face(1, Verdict::kAuthentic, "none")}));
  verdict.add(news(2, {face(2, Verdict::kManipulated, "none")}));
  verdict.add(news(3, {face(2, Verdict::kAuthentic, "none")}));
  verdict.add(news(4, {}));
  const Decision decision = verdict.decide();
  EXPECT_EQ(decision.verdict, Verdict::kManipulated);
  EXPECT_EQ(decision.worst->id, 2U);
  EXPECT_EQ(decision.tracks, 2U);
}

TEST(FileVerdict, IsUndecidedWithoutAFace) {
  FileVerdict verdict;
  EXPECT_EQ(verdict.decide().verdict, Verdict::kUndecided);
  verdict.add(news(1, {}));
  EXPECT_EQ(verdict.decide().reason, "no-face");
  EXPECT_FALSE(verdict.decide().worst);
}

TEST(FileVerdict, OneSuspicionIsNotAuthentic) {
  FileVerdict verdict;
  verdict.add(news(1, {face(1, Verdict::kSuspicious, "none")}));
  verdict.add(news(2, {face(1, Verdict::kAuthentic, "none")}));
  EXPECT_EQ(verdict.decide().verdict, Verdict::kUndecided);
  EXPECT_EQ(verdict.decide().reason, "suspicious");
}

TEST(FileVerdict, AFaceThatNobodyJudgedHoldsAuthenticBackUnlessItOnlyPassed) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none")}));
  verdict.add(news(1, {face(2, Verdict::kUndecided, "too-small", 0)}));
  verdict.add(news(1.5, {face(2, Verdict::kUndecided, "too-small", 0)}));
  EXPECT_EQ(verdict.decide().verdict, Verdict::kAuthentic);
  EXPECT_EQ(verdict.decide().worst->id, 1U);
  EXPECT_EQ(verdict.decide().undecided_tracks, 1U);
  verdict.add(news(4, {face(2, Verdict::kUndecided, "too-small", 0)}));
  EXPECT_EQ(verdict.decide().verdict, Verdict::kUndecided);
  EXPECT_EQ(verdict.decide().reason, "too-small");
}

TEST(FileVerdict, APartialScoreAtTheThresholdHoldsAuthenticBack) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none")}));
  FoundFace passing = face(2, Verdict::kUndecided, "partial", 0);
  passing.score = 0.7;
  verdict.add(news(1, {passing}, News::Kind::kTrackEnded));
  EXPECT_EQ(verdict.decide().reason, "partial");
}

TEST(FileVerdict, ATrackThatShowsSomebodyNewIsAnotherFace) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none")}));
  verdict.add(news(1, {face(1, Verdict::kAuthentic, "none")}, News::Kind::kPersonLeft));
  verdict.add(news(1, {face(1, Verdict::kUndecided, "warming-up", 0)}));
  verdict.add(news(5, {face(1, Verdict::kUndecided, "profile", 0)}));
  EXPECT_EQ(verdict.decide().reason, "profile");
  EXPECT_EQ(verdict.decide().tracks, 2U);
}

TEST(FileVerdict, WithoutAFullWindowNothingIsAuthentic) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none", 0)}));
  EXPECT_EQ(verdict.decide().verdict, Verdict::kUndecided);
}

TEST(FileVerdict, PicturesThatEndBeforeTheFileAreNotAllOfIt) {
  FileVerdict verdict;
  verdict.add(news(8, {face(1, Verdict::kAuthentic, "none")}));
  EXPECT_EQ(verdict.decide(9.5).verdict, Verdict::kAuthentic);
  EXPECT_EQ(verdict.decide(10).reason, "truncated");
  verdict.add(news(8, {face(1, Verdict::kManipulated, "none")}));
  EXPECT_EQ(verdict.decide(10).verdict, Verdict::kManipulated);
}

TEST(FileVerdict, ADamagedMessageIsNeverClean) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none")}));
  News damaged;
  damaged.finding.reason = "error";
  verdict.add(damaged);
  EXPECT_EQ(verdict.decide().reason, "error");
}

TEST(Totals, TheWorstThatIsTrueIsTheExitCode) {
  Totals totals;
  EXPECT_EQ(totals.exit_code(), 21);
  totals.elsewhere = 3;
  EXPECT_EQ(totals.exit_code(), 0);
  totals.add(Verdict::kAuthentic);
  EXPECT_EQ(totals.exit_code(), 0);
  totals.remaining = 1;
  EXPECT_EQ(totals.exit_code(), 11);
  totals.remaining = 0;
  totals.add(Verdict::kUndecided);
  EXPECT_EQ(totals.exit_code(), 11);
  totals.add(Verdict::kManipulated);
  EXPECT_EQ(totals.exit_code(), 10);
  totals.failed = 1;
  EXPECT_EQ(totals.exit_code(), 20);
  totals = {};
  totals.failed = 2;
  EXPECT_EQ(totals.exit_code(), 21);
}

}  // namespace
