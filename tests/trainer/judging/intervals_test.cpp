// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/intervals.h"

#include <cmath>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

ClipScore clip(const std::string& file, const std::vector<std::string>& identity = {},
               const std::string& source = "") {
  ClipScore made;
  made.file = file;
  made.identity = identity;
  made.source = source;
  return made;
}

// Share of the resample's weight on the first half of the clips.
ResampleFigures first_half() {
  return [](const std::vector<int>& counts) -> std::vector<std::optional<double>> {
    double first = 0;
    double all = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      all += counts[i];
      if (i < counts.size() / 2) first += counts[i];
    }
    return {first / all};
  };
}

// No hit of n: the upper end is where (1 - p)^n is 2.5 %.
TEST(ClopperPearson, EndsAreTheExactOnes) {
  EXPECT_DOUBLE_EQ(clopper_pearson(0, 30).low, 0);
  EXPECT_NEAR(clopper_pearson(0, 30).high, 1 - std::pow(0.025, 1.0 / 30), 1e-9);
  EXPECT_DOUBLE_EQ(clopper_pearson(30, 30).high, 1);
  EXPECT_NEAR(clopper_pearson(30, 30).low, std::pow(0.025, 1.0 / 30), 1e-9);
  // One of two: the ends solve p^2 = 0.025 and (1 - p)^2 = 0.025, each about the other's side.
  EXPECT_NEAR(clopper_pearson(1, 2).low, 1 - std::sqrt(0.975), 1e-9);
  EXPECT_NEAR(clopper_pearson(1, 2).high, std::sqrt(0.975), 1e-9);
}

TEST(ClopperPearson, ManyTrialsDoNotOverflow) {
  const Interval interval = clopper_pearson(1000, 100000);
  EXPECT_NEAR(interval.low, 0.0094, 1e-4);
  EXPECT_NEAR(interval.high, 0.0106, 1e-4);
}

TEST(ConnectedGroups, PeopleAndSourcesTieClips) {
  const auto groups = connected_groups(
      {clip("a", {"1"}), clip("b", {"2"}), clip("ab", {"1", "2"}), clip("c", {"3"}), clip("d"),
       clip("d-fake", {}, "d"), clip("lost-1", {}, "gone"), clip("lost-2", {}, "gone"), clip("e")});
  EXPECT_EQ(groups, (std::vector<std::size_t>{0, 0, 0, 1, 2, 2, 3, 3, 4}));
  EXPECT_TRUE(connected_groups({}).empty());
}

TEST(ConnectedGroups, APersonIsNoFileOfTheSameName) {
  EXPECT_EQ(connected_groups({clip("a", {"x"}), clip("x")}), (std::vector<std::size_t>{0, 1}));
}

TEST(Bootstrap, SameSeedSameInterval) {
  const std::vector<std::size_t> groups{0, 1, 2, 3, 4, 5, 6, 7};
  const auto once = bootstrap(groups, {200, 5}, first_half());
  const auto again = bootstrap(groups, {200, 5}, first_half());
  ASSERT_TRUE(once[0] && again[0]);
  EXPECT_DOUBLE_EQ(once[0]->low, again[0]->low);
  EXPECT_DOUBLE_EQ(once[0]->high, again[0]->high);
  EXPECT_LT(once[0]->low, 0.5);
  EXPECT_GT(once[0]->high, 0.5);
}

// The mean of 100 fair coins has a deviation of 0.05.
TEST(Bootstrap, IntervalOfAMeanIsTheKnownOne) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < 100; ++i) groups.push_back(i);
  const auto found = bootstrap(groups, {4000, 1}, first_half());
  EXPECT_NEAR(found[0]->low, 0.5 - 1.96 * 0.05, 0.015);
  EXPECT_NEAR(found[0]->high, 0.5 + 1.96 * 0.05, 0.015);
}

TEST(Bootstrap, WholeGroupsAreDrawn) {
  const std::vector<std::size_t> groups{0, 0, 0, 1, 1, 1};
  bootstrap(groups, {50, 1}, [](const std::vector<int>& counts) {
    EXPECT_EQ(counts[0], counts[1]);
    EXPECT_EQ(counts[3], counts[5]);
    EXPECT_EQ(counts[0] + counts[3], 2);
    return std::vector<std::optional<double>>{};
  });
}

TEST(Bootstrap, TooLittleGivesNoInterval) {
  EXPECT_FALSE(bootstrap({0, 0, 0}, {100, 1}, first_half())[0]);
  EXPECT_FALSE(bootstrap({0, 1}, {0, 1}, first_half())[0]);
  EXPECT_FALSE(bootstrap({0, 1}, {100, 1}, [](const std::vector<int>&) {
    return std::vector<std::optional<double>>{std::nullopt};
  })[0]);
  EXPECT_THROW(bootstrap({0, 1}, {-1, 1}, first_half()), Error);
}

}  // namespace
}  // namespace dfd
