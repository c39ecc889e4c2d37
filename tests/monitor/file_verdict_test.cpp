// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a file's findings come to, its faces' series, and a scan's files.

#include "scan/file_verdict.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scan/series.h"
#include "scan/totals.h"

namespace {

using dfd::monitor::Decision;
using dfd::monitor::FileVerdict;
using dfd::monitor::FoundFace;
using dfd::monitor::News;
using dfd::monitor::Series;
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

TEST(FileVerdict, PicturesThatNobodyLookedAtHoldAuthenticBack) {
  FileVerdict verdict;
  verdict.add(news(8, {face(1, Verdict::kAuthentic, "none")}));
  EXPECT_EQ(verdict.decide(8, /*has_unseen=*/true).verdict, Verdict::kUndecided);
  EXPECT_EQ(verdict.decide(8, /*has_unseen=*/true).reason, "unseen-track");
  verdict.add(news(8, {face(2, Verdict::kManipulated, "none")}));
  EXPECT_EQ(verdict.decide(8, /*has_unseen=*/true).verdict, Verdict::kManipulated);
}

TEST(FileVerdict, PicturesThatEndBeforeTheFileAreNotAllOfIt) {
  FileVerdict verdict;
  verdict.add(news(8, {face(1, Verdict::kAuthentic, "none")}));
  EXPECT_EQ(verdict.decide(9.5).verdict, Verdict::kAuthentic);
  EXPECT_EQ(verdict.decide(10).reason, "truncated");
  verdict.add(news(8, {face(1, Verdict::kManipulated, "none")}));
  EXPECT_EQ(verdict.decide(10).verdict, Verdict::kManipulated);
}

TEST(FileVerdict, HasTheForemostFacesOfACrowdWithTheirProbabilitiesOverTime) {
  FileVerdict verdict;
  FoundFace judged = face(99, Verdict::kAuthentic, "none");
  for (int second = 0; second < 3; ++second) {
    judged.probability = 0.1 * second;
    verdict.add(news(second, {judged}));
  }
  // Each in passing.
  for (std::uint64_t id = 1; id <= 20; ++id) {
    verdict.add(news(3, {face(id, Verdict::kUndecided, "too-small", 0)}));
  }
  verdict.add(news(4, {face(50, Verdict::kManipulated, "none")}));
  const Decision decision = verdict.decide();
  EXPECT_EQ(decision.tracks, 22U);
  ASSERT_EQ(decision.faces.size(), FileVerdict::kMostFaces);
  EXPECT_EQ(decision.faces[0].id, 50U);
  EXPECT_TRUE(decision.faces[0].series.points().empty());
  EXPECT_EQ(decision.faces[1].id, 99U);
  ASSERT_EQ(decision.faces[1].series.points().size(), 3U);
  EXPECT_EQ(decision.faces[1].series.points()[2].time_ns, 2'000'000'000U);
  EXPECT_DOUBLE_EQ(decision.faces[1].series.points()[2].probability, 0.2);
}

TEST(FileVerdict, ADamagedMessageIsNeverClean) {
  FileVerdict verdict;
  verdict.add(news(0, {face(1, Verdict::kAuthentic, "none")}));
  News damaged;
  damaged.finding.reason = "error";
  verdict.add(damaged);
  EXPECT_EQ(verdict.decide().reason, "error");
}

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(Series, KeepsFewPointsAsTheyAre) {
  Series series;
  for (std::uint64_t i = 0; i < Series::kMostPoints; ++i) series.add(i * kSecond, 0.5);
  ASSERT_EQ(series.points().size(), Series::kMostPoints);
  EXPECT_EQ(series.points().back().time_ns, 99 * kSecond);
}

TEST(Series, StaysShortAndLosesNoPeak) {
  Series series;
  constexpr std::uint64_t kPeak = 3210;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    series.add(i * kSecond / 5, i == kPeak ? 0.97 : 0.1 + 0.000001 * static_cast<double>(i));
    ASSERT_LE(series.points().size(), Series::kMostPoints);
  }
  EXPECT_GE(series.points().size(), Series::kMostPoints / 2);
  bool peak = false;
  for (std::size_t i = 0; i < series.points().size(); ++i) {
    peak = peak || (series.points()[i].probability == 0.97 &&
                    series.points()[i].time_ns == kPeak * kSecond / 5);
    if (i == 0) continue;
    EXPECT_GT(series.points()[i].time_ns, series.points()[i - 1].time_ns);
  }
  EXPECT_TRUE(peak);
}

TEST(Series, BearsTimesThatGoBackAndLast) {
  Series series;
  series.add(10 * kSecond, 0.5);
  series.add(2 * kSecond, 0.7);
  ASSERT_EQ(series.points().size(), 1U);
  EXPECT_EQ(series.points()[0].time_ns, 10 * kSecond);
  EXPECT_EQ(series.points()[0].probability, 0.7);
  // The greatest time there is.
  for (int i = 0; i < 200; ++i) series.add(~std::uint64_t{0} - 200 + i, 0.1);
  EXPECT_LE(series.points().size(), 3U);
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
  totals.stuck = true;
  EXPECT_EQ(totals.exit_code(), 70);
  totals = {};
  totals.failed = 2;
  EXPECT_EQ(totals.exit_code(), 21);
}

}  // namespace
