// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_tracker.h"

#include <chrono>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;

FaceDetection at(float x, float y, float size = 100) {
  FaceDetection face;
  face.box = {x, y, size, size};
  face.confidence = 0.9F;
  return face;
}

TEST(FaceTracker, FollowsAMovingFace) {
  FaceTracker tracker({0.3F, 1000ms});
  for (int i = 0; i < 10; ++i) tracker.update({at(20.F * static_cast<float>(i), 50)}, i * 100ms);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
  EXPECT_EQ(tracker.faces()[0].face.box.x, 180);
}

TEST(FaceTracker, KeepsIdsWhenTheOrderOfDetectionsChanges) {
  FaceTracker tracker({0.3F, 1000ms});
  tracker.update({at(0, 0), at(300, 0)}, 0ms);
  tracker.update({at(310, 0), at(10, 0)}, 100ms);
  ASSERT_EQ(tracker.faces().size(), 2U);
  EXPECT_EQ(tracker.faces()[0].face.box.x, 10);
  EXPECT_EQ(tracker.faces()[1].face.box.x, 310);
}

TEST(FaceTracker, BestOverlapWins) {
  FaceTracker tracker({0.3F, 1000ms});
  tracker.update({at(0, 0)}, 0ms);
  tracker.update({at(40, 0), at(5, 0)}, 100ms);
  ASSERT_EQ(tracker.faces().size(), 2U);
  EXPECT_EQ(tracker.faces()[0].face.box.x, 5);
}

TEST(FaceTracker, SurvivesAMissAndIsInvisibleMeanwhile) {
  FaceTracker tracker({0.3F, 1000ms});
  tracker.update({at(0, 0)}, 0ms);
  tracker.update({}, 500ms);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_FALSE(tracker.faces()[0].visible);
  tracker.update({at(0, 0)}, 1000ms);
  EXPECT_TRUE(tracker.faces()[0].visible);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
}

TEST(FaceTracker, EndsATrackByTimeNotByFrames) {
  FaceTracker tracker({0.3F, 1000ms});
  tracker.update({at(0, 0)}, 0ms);
  for (int i = 1; i <= 100; ++i) tracker.update({}, i * 10ms);
  EXPECT_EQ(tracker.faces().size(), 1U);
  tracker.predict(1001ms);
  EXPECT_TRUE(tracker.faces().empty());
  EXPECT_EQ(tracker.take_ended(), std::vector<TrackId>{1});
  EXPECT_TRUE(tracker.take_ended().empty());
}

TEST(FaceTracker, NeverReusesAnId) {
  FaceTracker tracker({0.3F, 0ms});
  TrackId last = 0;
  for (int i = 0; i < 5; ++i) {
    tracker.update({at(500.F * static_cast<float>(i % 2), 0)}, i * 100ms);
    EXPECT_GT(tracker.faces().back().id, last);
    last = tracker.faces().back().id;
  }
}

}  // namespace
}  // namespace dfd
