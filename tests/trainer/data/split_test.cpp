// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/split.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "trainer/data/data_folders.h"

namespace dfd {
namespace {

using test::error_of;

void add(Manifest& manifest, const std::string& file, bool fake,
         const std::vector<std::string>& identity, const std::string& source = "") {
  Clip clip;
  clip.file = file;
  clip.fake = fake;
  clip.identity = identity;
  clip.source = source;
  if (fake) clip.generator = identity.size() % 2 == 0 ? "swap" : "draw";
  manifest.clips.push_back(clip);
}

std::string person(int number) { return "id" + std::to_string(number); }

// Two clips a person, each swapped with the face of a partner: the next person, or the other one of
// a pair.
Manifest swaps(bool in_pairs) {
  constexpr int kPeople = 20;
  Manifest manifest;
  manifest.folder = "data";
  for (int i = 0; i < kPeople; ++i) {
    const std::string partner = person(in_pairs ? i ^ 1 : (i + 1) % kPeople);
    for (const char* number : {"_0", "_1"}) {
      add(manifest, "real/" + person(i) + number, false, {person(i)});
      add(manifest, "fake/" + person(i) + "_" + partner + number, true, {person(i), partner},
          "real/" + person(i) + number);
    }
  }
  for (int i = 0; i < 5; ++i) add(manifest, "street/" + std::to_string(i), false, {});
  return manifest;
}

SplitRule rule_of(const std::string& by, std::uint64_t seed = 1) {
  SplitRule rule;
  rule.by = by;
  rule.seed = seed;
  return rule;
}

struct Seen {
  std::set<std::string> people, recordings;
  std::size_t real = 0;
  std::size_t fake = 0;
};

Seen seen_in(const std::vector<Clip>& clips) {
  Seen seen;
  for (const Clip& clip : clips) {
    for (const std::string& name : people_of(clip)) seen.people.insert(name);
    seen.recordings.insert(recording_of(clip));
    ++(clip.fake ? seen.fake : seen.real);
  }
  return seen;
}

bool meet(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& one) { return b.count(one) > 0; });
}

void expect_apart(const std::vector<Clip>& a, const std::vector<Clip>& b) {
  const Seen first = seen_in(a);
  const Seen second = seen_in(b);
  EXPECT_FALSE(meet(first.people, second.people));
  EXPECT_FALSE(meet(first.recordings, second.recordings));
}

class ByPeople : public testing::TestWithParam<std::tuple<bool, std::uint64_t>> {};

TEST_P(ByPeople, NobodyStandsOnTwoSides) {
  const auto [in_pairs, seed] = GetParam();
  Manifest manifest = swaps(in_pairs);
  const std::size_t dropped = split_clips(manifest, rule_of("people", seed));
  const Sides sides = sides_of(manifest);
  EXPECT_EQ(manifest.split, "people");
  EXPECT_EQ(sides.unassigned, dropped);
  expect_apart(sides.train, sides.validation);
  expect_apart(sides.train, sides.test);
  expect_apart(sides.validation, sides.test);
  for (const auto* side : {&sides.train, &sides.validation, &sides.test}) {
    EXPECT_GT(seen_in(*side).real, 0U);
    EXPECT_GT(seen_in(*side).fake, 0U);
  }
  EXPECT_EQ(sides.train.size() + sides.validation.size() + sides.test.size() + dropped, 85U);
  if (in_pairs) {
    EXPECT_EQ(dropped, 0U);  // Whole pairs fill the sides.
    EXPECT_GT(sides.train.size(), 40U);
  } else {
    EXPECT_GT(dropped, 0U);  // Swaps connect all people.
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ByPeople,
                         testing::Combine(testing::Bool(), testing::Values(1, 2, 3, 4, 5)));

TEST(SplitByPeople, TestLinesStayAndTheirRecordingsAreDropped) {
  for (const bool in_pairs : {true, false}) {
    Manifest manifest = swaps(in_pairs);
    manifest.clips[0].split = SplitSide::kTest;   // real/id0_0
    manifest.clips[5].split = SplitSide::kTest;   // fake/id1_..._0
    manifest.clips[9].split = SplitSide::kTrain;  // Drawn anew.
    ASSERT_EQ(manifest.clips[5].file.substr(0, 9), "fake/id1_");
    split_clips(manifest, rule_of("people"));
    const Sides sides = sides_of(manifest);
    EXPECT_EQ(sides.test.size(), 2U);
    EXPECT_FALSE(manifest.clips[1].split) << "made from a recording of the test list";
    EXPECT_FALSE(manifest.clips[4].split) << "the recording itself";
    EXPECT_FALSE(meet(seen_in(sides.train).recordings, seen_in(sides.test).recordings));
    EXPECT_FALSE(meet(seen_in(sides.validation).recordings, seen_in(sides.test).recordings));
    expect_apart(sides.train, sides.validation);
    EXPECT_GT(sides.train.size(), 3 * sides.validation.size());
    EXPECT_EQ(manifest.split, "people; those of the test list stand on other sides too");
  }
}

TEST(SplitByPeople, ASplitDependsOnTheSeedAndNotOnTheOrder) {
  for (const char* by : {"people", "random", "generator:swap"}) {
    Manifest first = swaps(true);
    Manifest second = first;
    std::reverse(second.clips.begin(), second.clips.end());
    Manifest third = first;
    add(first, "fake/more", true, {"z"});
    add(second, "fake/more", true, {"z"});
    add(third, "fake/more", true, {"z"});
    // So that a generator remains to train on.
    for (Manifest* manifest : {&first, &second, &third}) {
      for (int i = 0; i < 20; ++i) {
        add(*manifest, "fake/drawn" + std::to_string(i), true, {"drawn" + std::to_string(i)});
      }
    }
    split_clips(first, rule_of(by));
    split_clips(second, rule_of(by));
    split_clips(third, rule_of(by, 2));
    EXPECT_EQ(manifest_digest(first), manifest_digest(second)) << by;
    EXPECT_NE(manifest_digest(first), manifest_digest(third)) << by;
  }
}

// Worked out by another program once: whoever changes it changes what a seed means.
TEST(SplitByPeople, ASeedMeansTheSameOnEveryMachine) {
  Manifest manifest;
  for (int i = 0; i < 10; ++i) add(manifest, std::to_string(i), i % 2 == 1, {});
  SplitRule rule = rule_of("random", 7);
  rule.validation = 0.3;
  rule.test = 0;
  split_clips(manifest, rule);
  std::string validates;
  for (const Clip& clip : sides_of(manifest).validation) validates += clip.file;
  EXPECT_EQ(validates, "568");
}

TEST(SplitByPeople, OneClassIsSplitToo) {
  Manifest manifest;
  for (int i = 0; i < 50; ++i) add(manifest, std::to_string(i), false, {person(i / 2)});
  split_clips(manifest, rule_of("people"));
  const Sides sides = sides_of(manifest);
  EXPECT_EQ(sides.test.size(), 10U);
  EXPECT_EQ(sides.validation.size(), 10U);
  EXPECT_EQ(sides.train.size(), 30U);
  expect_apart(sides.train, sides.validation);
}

TEST(SplitByPeople, SidesWithoutAClassAreRefused) {
  Manifest manifest;
  for (int i = 0; i < 10; ++i) add(manifest, "real" + std::to_string(i), false, {person(i)});
  add(manifest, "fake", true, {"x"});
  EXPECT_TELLS(error_of([&] { split_clips(manifest, rule_of("people")); }), "both classes");
}

TEST(SplitByGenerator, ItsFakesAreTestWithRealPeopleOfTheirOwn) {
  Manifest manifest = swaps(true);
  manifest.clips[0].split = SplitSide::kTrain;  // Forgotten.
  for (int i = 0; i < 20; ++i) {
    add(manifest, "drawn" + std::to_string(i), true, {person(i)});
  }
  split_clips(manifest, rule_of("generator:draw"));
  EXPECT_EQ(manifest.split, "generator:draw");
  const Sides sides = sides_of(manifest);
  std::vector<Clip> test_reals;
  std::size_t fakes = 0;
  for (const Clip& clip : sides.test) {
    if (!clip.fake) test_reals.push_back(clip);
    fakes += clip.fake ? 1 : 0;
  }
  EXPECT_EQ(fakes, 20U);
  EXPECT_GT(test_reals.size(), 4U);
  expect_apart(test_reals, sides.train);
  expect_apart(test_reals, sides.validation);
  expect_apart(sides.train, sides.validation);
  for (const auto* side : {&sides.train, &sides.validation}) {
    EXPECT_GT(seen_in(*side).fake, 0U);
    for (const Clip& clip : *side) EXPECT_NE(clip.generator, "draw");
  }
  EXPECT_TELLS(error_of([&] { split_clips(manifest, rule_of("generator:guess")); }), "draw, swap");
}

TEST(SplitAtRandom, IsStampedLeaky) {
  Manifest manifest = swaps(true);
  SplitRule rule = rule_of("random");
  rule.test = 0;
  EXPECT_EQ(split_clips(manifest, rule), 0U);
  EXPECT_TELLS(manifest.split, "leaky");
  EXPECT_EQ(sides_of(manifest).train.size(), 68U);
  EXPECT_EQ(sides_of(manifest).validation.size(), 17U);
}

TEST(SplitOfficial, IsKeptAndIsTheUsualOneWhereItIsWhole) {
  Manifest manifest = swaps(true);
  EXPECT_TELLS(error_of([&] { split_clips(manifest, rule_of("official")); }), "no official split");
  manifest.clips[0].split = SplitSide::kTrain;
  manifest.clips[1].split = SplitSide::kValidation;
  manifest.split = "official";
  EXPECT_EQ(split_clips(manifest, rule_of("")), 83U);
  EXPECT_EQ(manifest.split, "official");
  manifest.clips[1].split = SplitSide::kTest;
  split_clips(manifest, rule_of(""));
  EXPECT_EQ(manifest.split.substr(0, 6), "people");
}

TEST(Splits, RulesThatCannotBeAreRefused) {
  Manifest manifest = swaps(true);
  EXPECT_TELLS(error_of([&] { split_clips(manifest, rule_of("guess")); }), "\"guess\"");
  EXPECT_TELLS(error_of([&] { split_clips(manifest, rule_of("generator:")); }), "generator:NAME");
  SplitRule rule;
  for (const double part : {-0.1, 0.9, 1.0}) {
    rule.validation = part;
    EXPECT_TELLS(error_of([&] { split_clips(manifest, rule); }), "parts of the clips");
  }
}

}  // namespace
}  // namespace dfd
