// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawn scenes: faces move as functions of time, a detector with noise looks at them.

#include "face/face_tracker.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

FaceDetection at(float x, float y, float size = 100, float confidence = 0.95F) {
  FaceDetection face;
  face.box = {x, y, size * 0.8F, size};
  face.confidence = confidence;
  return face;
}

// Where a person's face is at a time in seconds; empty while nobody could see it.
using Person = std::function<std::optional<FaceDetection>(double)>;

// What a track showed: which people, from when to when, and how far its box was off at most.
struct Story {
  std::set<std::size_t> people;
  double begin = 0, end = 0;
};

struct Scene {
  std::map<TrackId, Story> tracks;
  double worst_error = 0;  // Of a visible box's centre, in face heights.
};

// Detects every `period`, predicts at twice that rate in between.
Scene play(const std::vector<Person>& people, std::chrono::milliseconds period, double seconds,
           float noise = 0.02F) {
  FaceTracker tracker{TrackerConfig()};
  std::mt19937 random(11);
  std::normal_distribution<float> error(0, noise);
  Scene scene;
  const auto look = [&](Timestamp time) {
    for (const TrackedFace& face : tracker.faces()) {
      if (!face.visible) continue;
      double nearest = 1e9;
      std::size_t who = 0;
      const double now = std::chrono::duration<double>(time).count();
      for (std::size_t i = 0; i < people.size(); ++i) {
        const auto truth = people[i](now);
        if (!truth) continue;
        const double x = face.face.box.x - truth->box.x;
        const double y = face.face.box.y - truth->box.y;
        const double distance = std::sqrt(x * x + y * y) / truth->box.height;
        if (distance < nearest) {
          nearest = distance;
          who = i;
        }
      }
      if (nearest > 1) continue;
      const auto [place, is_new] = scene.tracks.try_emplace(face.id);
      if (is_new) place->second.begin = now;
      place->second.end = now;
      place->second.people.insert(who);
      scene.worst_error = std::max(scene.worst_error, nearest);
    }
  };
  for (Timestamp time{0}; time <= std::chrono::duration<double>(seconds); time += period) {
    std::vector<FaceDetection> detections;
    for (const Person& person : people) {
      auto found = person(std::chrono::duration<double>(time).count());
      if (!found) continue;
      found->box.x += error(random) * found->box.height;
      found->box.y += error(random) * found->box.height;
      detections.push_back(*found);
    }
    std::shuffle(detections.begin(), detections.end(), random);
    tracker.update(detections, time);
    look(time);
    tracker.predict(time + period / 2);
    look(time + period / 2);
  }
  return scene;
}

// Every track showed one person.
void expect_no_switch(const Scene& scene) {
  for (const auto& [id, story] : scene.tracks) EXPECT_EQ(story.people.size(), 1U) << "track " << id;
}

TEST(FaceTracker, FollowsAMovingFaceBetweenDetectionsAtAnyRate) {
  const Person walker = [](double t) { return at(static_cast<float>(100 + 120 * t), 50); };
  for (const auto period : {17ms, 40ms, 100ms, 200ms, 500ms}) {
    const Scene scene = play({walker}, period, 4);
    EXPECT_EQ(scene.tracks.size(), 1U) << period.count();
    // 60 pixels lie between two detections of the slowest rate: more than half a face.
    EXPECT_LT(scene.worst_error, 0.35) << period.count();
  }
}

TEST(FaceTracker, TwoWhoCrossKeepTheirIds) {
  // One passes above the other, overlapping by a third.
  const Person right = [](double t) { return at(static_cast<float>(100 * t), 100); };
  const Person left = [](double t) { return at(static_cast<float>(500 - 100 * t), 160); };
  for (const auto period : {40ms, 100ms, 200ms}) {
    const Scene scene = play({right, left}, period, 5);
    EXPECT_EQ(scene.tracks.size(), 2U) << period.count();
    expect_no_switch(scene);
  }
}

TEST(FaceTracker, AShortOcclusionKeepsTheTrackALongOneEndsIt) {
  const auto hidden_for = [](double length) -> Person {
    return [length](double t) -> std::optional<FaceDetection> {
      if (t > 1 && t < 1 + length) return std::nullopt;
      return at(static_cast<float>(100 + 20 * t), 100);
    };
  };
  EXPECT_EQ(play({hidden_for(0.7)}, 100ms, 4).tracks.size(), 1U);
  EXPECT_EQ(play({hidden_for(1.5)}, 100ms, 4).tracks.size(), 2U);
}

TEST(FaceTracker, AFaceThatComesNearerKeepsItsTrack) {
  const Person nearing = [](double t) {
    const auto size = static_cast<float>(60 * std::exp2(t));
    return at(400 - size / 2, 300 - size / 2, size);
  };
  EXPECT_EQ(play({nearing}, 200ms, 3).tracks.size(), 1U);
}

TEST(FaceTracker, APanMovesAllFacesAndLosesNone) {
  std::vector<Person> row;
  for (int i = 0; i < 4; ++i) {
    row.push_back(
        [i](double t) { return at(static_cast<float>(150 * i + 200 * std::sin(2 * t)), 100); });
  }
  const Scene scene = play(row, 100ms, 4);
  EXPECT_EQ(scene.tracks.size(), 4U);
  expect_no_switch(scene);
}

TEST(FaceTracker, FollowsAHundredFaces) {
  std::vector<Person> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back([i](double t) {
      return at(static_cast<float>(110 * (i % 10) + 30 * std::sin(t + i)),
                static_cast<float>(120 * (i / 10) + 20 * std::cos(t + i)));
    });
  }
  const Scene scene = play(crowd, 100ms, 3);
  EXPECT_EQ(scene.tracks.size(), 100U);
  expect_no_switch(scene);
}

TEST(FaceTracker, IsSteadierThanItsDetections) {
  const Person still = [](double) { return at(300, 200); };
  FaceTracker tracker{TrackerConfig()};
  std::mt19937 random(5);
  std::normal_distribution<float> error(0, 3);
  double detected = 0, tracked = 0;
  for (int i = 0; i < 200; ++i) {
    FaceDetection face = *still(0);
    face.box.x += error(random);
    tracker.update({face}, i * 40ms);
    if (i < 20) continue;  // Settled.
    detected += std::abs(face.box.x - 300);
    tracked += std::abs(tracker.faces()[0].face.box.x - 300);
  }
  EXPECT_LT(tracked, 0.75 * detected);
}

TEST(FaceTracker, AnUnsureFaceIsATrackOnItsSecondHit) {
  FaceTracker tracker{TrackerConfig()};
  tracker.update({at(0, 0, 100, 0.6F), at(300, 0, 100, 0.95F)}, 0ms);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_EQ(tracker.faces()[0].face.box.x, 300);
  EXPECT_EQ(tracker.expected().size(), 2U);  // Both are worth another look.
  tracker.update({at(0, 0, 100, 0.6F), at(300, 0)}, 100ms);
  EXPECT_EQ(tracker.faces().size(), 2U);
}

TEST(FaceTracker, AnUnsureTrackEndsWithItsFirstMissUntilItIsTrusted) {
  for (const int hits : {3, 5}) {
    FaceTracker tracker{TrackerConfig()};
    for (int i = 0; i < hits; ++i) tracker.update({at(0, 0, 100, 0.6F)}, i * 100ms);
    EXPECT_EQ(tracker.faces().size(), 1U);
    tracker.update({}, 700ms);
    EXPECT_EQ(tracker.faces().size(), hits < TrackerConfig().hits_to_trust ? 0U : 1U) << hits;
    EXPECT_EQ(tracker.take_ended().size(), hits < TrackerConfig().hits_to_trust ? 1U : 0U) << hits;
  }
}

TEST(FaceTracker, AnUnsureFaceSeenOnceLeavesNoTrace) {
  FaceTracker tracker{TrackerConfig()};
  tracker.update({at(0, 0, 100, 0.6F)}, 0ms);
  tracker.update({}, 100ms);
  EXPECT_TRUE(tracker.faces().empty());
  EXPECT_TRUE(tracker.expected().empty());
  EXPECT_TRUE(tracker.take_ended().empty());
  tracker.update({at(0, 0)}, 200ms);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
}

TEST(FaceTracker, AMissedFaceIsInvisibleUntilItIsSeenAgain) {
  FaceTracker tracker{TrackerConfig()};
  tracker.update({at(0, 0)}, 0ms);
  tracker.update({}, 500ms);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_FALSE(tracker.faces()[0].visible);
  tracker.update({at(0, 0)}, 1000ms);
  EXPECT_TRUE(tracker.faces()[0].visible);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
}

TEST(FaceTracker, EndsATrackByTimeNotByFrames) {
  FaceTracker tracker{TrackerConfig()};
  tracker.update({at(0, 0)}, 0ms);
  for (int i = 1; i <= 100; ++i) tracker.update({}, i * 10ms);
  EXPECT_EQ(tracker.faces().size(), 1U);
  tracker.predict(1001ms);
  EXPECT_TRUE(tracker.faces().empty());
  EXPECT_EQ(tracker.take_ended(), std::vector<TrackId>{1});
  EXPECT_TRUE(tracker.take_ended().empty());
}

TEST(FaceTracker, NeverReusesAnId) {
  FaceTracker tracker{TrackerConfig()};
  for (TrackId id = 1; id <= 5; ++id) {
    tracker.update({at(0, 0)}, Timestamp(id));
    EXPECT_EQ(tracker.faces()[0].id, id);
    tracker.end_all();
    EXPECT_EQ(tracker.take_ended(), std::vector<TrackId>{id});
  }
}

TEST(FaceTracker, LandmarksMoveWithTheBox) {
  FaceTracker tracker{TrackerConfig()};
  for (int i = 0; i <= 20; ++i) {
    FaceDetection face = at(static_cast<float>(10 * i), 0);
    face.landmarks.emplace();
    face.landmarks->at(2) = {face.box.x + 40, 60};
    tracker.update({face}, i * 100ms);
  }
  tracker.predict(2050ms);
  const FaceDetection& face = tracker.faces()[0].face;
  EXPECT_NEAR(face.box.x, 205, 3);
  EXPECT_NEAR(face.landmarks->at(2).x, face.box.x + 40, 1);
}

// One face for a second, then nobody until a time.
FaceTracker one_face_lost(std::chrono::milliseconds until) {
  TrackerConfig config;
  config.remembered = 2s;
  FaceTracker tracker(config);
  for (auto time = 0ms; time <= until; time += 100ms) {
    tracker.update(
        time <= 1000ms ? std::vector<FaceDetection>{at(100, 100)} : std::vector<FaceDetection>(),
        time);
  }
  return tracker;
}

TEST(FaceTracker, AnAwayFaceIsNotShownButMayComeBack) {
  FaceTracker tracker = one_face_lost(2500ms);
  EXPECT_TRUE(tracker.faces().empty());
  EXPECT_TRUE(tracker.take_ended().empty());
  EXPECT_EQ(tracker.unseen(), std::vector<TrackId>{1});
  // Where it was, and yet a new track: only its embedding could tell.
  tracker.update({at(100, 100)}, 2600ms);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_EQ(tracker.faces()[0].id, 2U);
  tracker.exchange(2, 1);
  tracker.end(2);
  ASSERT_EQ(tracker.faces().size(), 1U);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
  EXPECT_NEAR(tracker.faces()[0].face.box.x, 100, 1);
  EXPECT_EQ(tracker.take_ended(), std::vector<TrackId>{2});
  tracker.update({at(102, 100)}, 2700ms);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
}

TEST(FaceTracker, TrustGoesWithThePerson) {
  FaceTracker tracker = one_face_lost(2500ms);
  for (const auto time : {2600ms, 2700ms}) tracker.update({at(400, 100, 100, 0.6F)}, time);
  ASSERT_EQ(tracker.faces().size(), 1U);
  tracker.exchange(tracker.faces()[0].id, 1);
  tracker.end(2);
  tracker.update({}, 2800ms);
  ASSERT_EQ(tracker.faces().size(), 1U);  // A new and unsure track would have ended.
  EXPECT_EQ(tracker.faces()[0].id, 1U);
}

TEST(FaceTracker, WhoIsDisplacedIsRememberedFromThenOn) {
  FaceTracker tracker = one_face_lost(2500ms);
  tracker.update({at(100, 100)}, 2600ms);
  tracker.exchange(2, 1);
  tracker.update({at(100, 100)}, 5000ms);
  EXPECT_EQ(tracker.unseen(), std::vector<TrackId>{2});
  EXPECT_EQ(tracker.faces().size(), 1U);
  tracker.update({at(100, 100)}, 5700ms);
  EXPECT_TRUE(tracker.unseen().empty());
}

TEST(FaceTracker, AnAwayFaceIsForgottenInTheEnd) {
  FaceTracker tracker = one_face_lost(4500ms);
  EXPECT_TRUE(tracker.unseen().empty());
  EXPECT_EQ(tracker.take_ended(), std::vector<TrackId>{1});
}

TEST(FaceTracker, ExchangedFacesKeepTheirMovement) {
  FaceTracker tracker{TrackerConfig()};
  for (int i = 0; i <= 10; ++i) {
    tracker.update({at(100 + 10.F * static_cast<float>(i), 100), at(600, 300)}, i * 100ms);
  }
  tracker.exchange(1, 2);
  tracker.predict(1100ms);
  ASSERT_EQ(tracker.faces().size(), 2U);
  EXPECT_EQ(tracker.faces()[0].id, 1U);
  EXPECT_NEAR(tracker.faces()[0].face.box.x, 600, 2);
  EXPECT_GT(tracker.faces()[1].face.box.x, 204);
}

}  // namespace
}  // namespace dfd
