// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Made embeddings: each person a direction, each sample that direction with noise.

#include "face/identity_watch.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using Kind = IdentityEvent::Kind;

constexpr std::size_t kSize = 32;

// Persons of different numbers are at right angles; the same person twice has a cosine of about
// 0.9.
Embedding sample_of(std::size_t person, std::mt19937& random) {
  std::normal_distribution<float> noise(0, 0.05F);
  Embedding embedding(kSize);
  for (float& value : embedding) value = noise(random);
  embedding[person] += 1;
  const float length = std::sqrt(similarity(embedding, embedding));
  for (float& value : embedding) value /= length;
  return embedding;
}

// Whoever stands in each track, sample by sample.
class IdentityWatchTest : public testing::Test {
 protected:
  std::vector<IdentityEvent> see(const std::vector<std::pair<TrackId, std::size_t>>& people,
                                 const std::vector<TrackId>& unseen = {}) {
    std::vector<Sighting> sightings;
    for (const auto& [track, person] : people) {
      sightings.push_back({track, sample_of(person, random_)});
    }
    return watch_.look(sightings, unseen);
  }

  void see_often(const std::vector<std::pair<TrackId, std::size_t>>& people) {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(see(people).empty());
  }

  IdentityWatch watch_;
  std::mt19937 random_{3};
};

TEST_F(IdentityWatchTest, OnePersonIsNeverAChange) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(see({{1, 0}, {2, 1}}).empty());
}

TEST_F(IdentityWatchTest, AnotherFaceIsAChangeWithItsSecondSample) {
  see_often({{1, 0}});
  EXPECT_TRUE(see({{1, 5}}).empty());
  const auto events = see({{1, 5}});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kChanged);
  EXPECT_EQ(events[0].track, 1U);
  see_often({{1, 5}});  // That is who it is now.
}

TEST_F(IdentityWatchTest, OddSamplesAreNoChange) {
  see_often({{1, 0}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(see({{1, 5}}).empty());
    EXPECT_TRUE(see({{1, 0}}).empty());
  }
  // Two in a row, but of nobody in particular.
  EXPECT_TRUE(see({{1, 6}}).empty());
  EXPECT_TRUE(see({{1, 7}}).empty());
}

TEST_F(IdentityWatchTest, CrossedTracksAreExchanged) {
  see_often({{1, 0}, {2, 1}, {3, 2}});
  EXPECT_TRUE(see({{1, 1}, {2, 0}, {3, 2}}).empty());
  const auto events = see({{1, 1}, {2, 0}, {3, 2}});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kExchanged);
  EXPECT_EQ(events[0].track + events[0].other, 3U);
  see_often({{1, 0}, {2, 1}, {3, 2}});  // The ids went with the people.
}

TEST_F(IdentityWatchTest, ANewTrackIsKnownByItsFace) {
  see_often({{1, 0}, {2, 1}});
  const auto events = see({{1, 0}, {3, 1}}, {2});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kReturned);
  EXPECT_EQ(events[0].track, 3U);
  EXPECT_EQ(events[0].other, 2U);
  see_often({{1, 0}, {2, 1}});
}

TEST_F(IdentityWatchTest, AStrangerIsNotTakenForTheOneWhoLeft) {
  see_often({{1, 0}, {2, 1}});
  EXPECT_TRUE(see({{1, 0}, {3, 4}}, {2}).empty());
}

TEST_F(IdentityWatchTest, OfTwoAlikeOnlyOneReturns) {
  see_often({{1, 0}});
  const auto events = see({{2, 0}, {3, 0}}, {1});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].track, 2U);
}

TEST_F(IdentityWatchTest, AnOldTrackIsNotRenamed) {
  see_often({{1, 0}});
  see_often({{2, 0}});
  EXPECT_TRUE(see({{2, 0}}, {1}).empty());
}

TEST_F(IdentityWatchTest, AReturnIntoAnothersPlaceIsAnExchange) {
  see_often({{1, 0}, {2, 1}});
  EXPECT_TRUE(see({{1, 1}}, {2}).empty());  // The first has gone, the second stands there.
  const auto events = see({{1, 1}}, {2});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kExchanged);
  EXPECT_EQ(events[0].track, 1U);
  EXPECT_EQ(events[0].other, 2U);
  see_often({{2, 1}});
}

TEST_F(IdentityWatchTest, ForgottenTracksDoNotReturn) {
  see_often({{1, 0}});
  watch_.forget(1);
  EXPECT_TRUE(see({{2, 0}}, {1}).empty());
}

TEST(SimilarityTest, IsTheCosine) {
  EXPECT_FLOAT_EQ(similarity({1, 0}, {0.6F, 0.8F}), 0.6F);
  EXPECT_FLOAT_EQ(similarity({1, 0}, {-1, 0}), -1);
}

TEST_F(IdentityWatchTest, BrokenEmbeddingsTellNothing) {
  see_often({{1, 0}});
  const float nan = std::nanf("");
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(watch_.look({{1, Embedding(kSize, nan)}}, {}).empty());
  }
}

}  // namespace
}  // namespace dfd
