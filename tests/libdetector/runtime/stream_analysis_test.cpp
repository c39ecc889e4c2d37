// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one stream means when faces change places.

#include "runtime/stream_analysis.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/colored_people.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using test::kGreen;
using test::kLeft;
using test::kRed;
using test::kRight;

class StreamAnalysisTest : public test::ColoredPeople {};

TEST_F(StreamAnalysisTest, AnotherFaceInTheSamePlaceBeginsAnew) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const FaceReport before = face_at(kLeft);
  ASSERT_NE(before.verdict, Verdict::kUndecided);
  play({{kLeft, kGreen}}, 2);
  ASSERT_EQ(count(EventKind::kIdentityChanged), 1);
  const auto told = std::find_if(events_.begin(), events_.end(), [](const Event& event) {
    return event.kind == EventKind::kIdentityChanged;
  });
  EXPECT_EQ(told->report.faces.at(0).track, before.track);
  EXPECT_GE(told->report.faces.at(0).windows, before.windows);
  const FaceReport after = face_at(kLeft);
  EXPECT_EQ(after.track, before.track);
  EXPECT_EQ(after.verdict, Verdict::kUndecided);
  EXPECT_EQ(after.reason, Reason::kWarmingUp);
  EXPECT_FALSE(after.probability || after.score);
  play({{kLeft, kGreen}}, test::kTestWindow - 1);
  EXPECT_EQ(face_at(kLeft).windows, 0U);
  play({{kLeft, kGreen}}, 1);
  EXPECT_EQ(face_at(kLeft).windows, 1U);
}

TEST_F(StreamAnalysisTest, ARandomBackboneTellsNobodyApart) {
  begin(kRandomBackboneWarning);
  play({{kLeft, kRed}}, 20);
  play({{kLeft, kGreen}}, 20);
  EXPECT_EQ(count(EventKind::kIdentityChanged), 0);
  EXPECT_GT(face_at(kLeft).windows, 30U);
}

TEST_F(StreamAnalysisTest, PeopleKeepTheirIdsWhenTheirTracksCross) {
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  const TrackId red = face_at(kLeft).track;
  const TrackId green = face_at(kRight).track;
  const double red_probability = *face_at(kLeft).probability;
  ASSERT_NE(red_probability, *face_at(kRight).probability);
  play({{kRight, kRed}, {kLeft, kGreen}}, 2);  // As if boxes had been taken for each other's.
  EXPECT_EQ(count(EventKind::kIdentityChanged), 0);
  EXPECT_EQ(face_at(kRight).track, red);
  EXPECT_EQ(face_at(kLeft).track, green);
  play({{kRight, kRed}, {kLeft, kGreen}}, 30);
  EXPECT_EQ(face_at(kRight).track, red);
  EXPECT_NEAR(*face_at(kRight).probability, red_probability, 0.02);
  EXPECT_EQ(count(EventKind::kTrackLost), 0);
}

TEST_F(StreamAnalysisTest, WhoComesBackSoonIsTheSameTrack) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const FaceReport before = face_at(kLeft);
  play({}, 20);
  EXPECT_TRUE(analysis_->report().faces.empty());  // Nobody is shown meanwhile.
  EXPECT_EQ(count(EventKind::kTrackLost), 0);
  play({{kRight, kRed}}, 3);
  const FaceReport after = face_at(kRight);
  EXPECT_EQ(after.track, before.track);
  EXPECT_EQ(after.windows, before.windows);
  EXPECT_EQ(analysis_->report().faces.size(), 1U);
}

TEST_F(StreamAnalysisTest, WhoComesBackIsNotAuthenticBeforeAWindowOfItIsFull) {
  begin("", 1);
  play({{kLeft, kRed}}, 20);
  ASSERT_EQ(face_at(kLeft).verdict, Verdict::kAuthentic);
  play({}, 20);
  events_.clear();
  play({{kRight, kRed}}, test::kTestWindow);
  for (const Event& event : events_) EXPECT_NE(event.report.verdict, Verdict::kAuthentic);
  EXPECT_EQ(face_at(kRight).reason, Reason::kGap);
  play({{kRight, kRed}}, test::kTestWindow);
  EXPECT_EQ(face_at(kRight).verdict, Verdict::kAuthentic);
}

TEST_F(StreamAnalysisTest, WhoIsAwayForLongIsLost) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const TrackId before = face_at(kLeft).track;
  play({}, 70);
  EXPECT_EQ(count(EventKind::kTrackLost), 1);
  play({{kRight, kRed}}, 3);
  EXPECT_GT(face_at(kRight).track, before);
}

TEST_F(StreamAnalysisTest, AStrangerIsNotTheOneWhoLeft) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const TrackId before = face_at(kLeft).track;
  play({}, 20);
  play({{kRight, kGreen}}, 5);
  EXPECT_GT(face_at(kRight).track, before);
}

TEST_F(StreamAnalysisTest, FinishTellsOfThoseAwayToo) {
  begin("");
  play({{kLeft, kRed}}, 20);
  play({}, 20);
  analysis_->finish(scorer_);
  const auto events = analysis_->take_events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                          [](const Event& event) { return event.kind == EventKind::kTrackLost; }));
}

TEST_F(StreamAnalysisTest, MarkedFacesAreFollowedAndScored) {
  marked_ = true;
  begin(kRandomBackboneWarning);
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  EXPECT_EQ(analysis_->report().faces.size(), 2U);
  EXPECT_GT(face_at(kLeft).windows, 10U);
  EXPECT_GT(face_at(kRight).windows, 10U);
  play({}, 15);
  EXPECT_TRUE(analysis_->report().faces.empty());
  EXPECT_EQ(count(EventKind::kTrackLost), 2);
}

// 25 frames and 10 samples a second.
TEST_F(StreamAnalysisTest, FramesNobodyLookedAtDoNotEndATrack) {
  SessionConfig config;
  config.region = Region::kRoiList;
  ModelConfig model = test::test_config();
  analysis_.emplace(resolve(config, model), model, nullptr);
  // Marks come just within twice the detection interval.
  for (int i = 0; i < 100; ++i) {
    const cv::Mat picture = draw({{kLeft, kRed}});
    Frame frame = test::moving_frame(i, test::kColoredSize, i * 40ms);
    frame.view.planes[0] = {picture.data, static_cast<std::ptrdiff_t>(picture.step)};
    if (i % 24 == 0) frame.faces.push_back({kLeft, 0.95F});
    analyse(frame, i % 2 == 0);
  }
  EXPECT_EQ(face_at(kLeft).track, 1U);
  EXPECT_EQ(face_at(kLeft).samples, 50U);
}

}  // namespace
}  // namespace dfd
