// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/random.h"

#include <array>
#include <cstdint>
#include <set>

#include <gtest/gtest.h>

namespace dfd {
namespace {

TEST(MixedSeed, IsTheSameNumberOnEveryMachine) {
  // splitmix64's first number from seed 0, as its authors give it.
  EXPECT_EQ(mixed(0), 0xE220A8397B1DCDAFULL);
  static_assert(mixed_seed(1, 2, 3, "augment") == mixed_seed(1, 2, 3, "augment"));
}

TEST(MixedSeed, EachPartMatters) {
  std::set<std::uint64_t> seeds{mixed_seed(1, 2, 3, "augment")};
  EXPECT_TRUE(seeds.insert(mixed_seed(2, 2, 3, "augment")).second);
  EXPECT_TRUE(seeds.insert(mixed_seed(1, 3, 3, "augment")).second);
  EXPECT_TRUE(seeds.insert(mixed_seed(1, 3, 2, "augment")).second);
  EXPECT_TRUE(seeds.insert(mixed_seed(1, 2, 4, "augment")).second);
  EXPECT_TRUE(seeds.insert(mixed_seed(1, 2, 3, "blend")).second);
  EXPECT_TRUE(seeds.insert(mixed_seed(1, 2, 3, "")).second);
}

TEST(MixedSeed, ManySmallNumbersNeverMeet) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint64_t step = 0; step < 30; ++step) {
      for (std::uint64_t index = 0; index < 30; ++index) {
        seeds.insert(mixed_seed(seed, step, index, "blend"));
      }
    }
  }
  EXPECT_EQ(seeds.size(), 9000U);
}

TEST(Random, WholeNumbersComeAllAndNoOthers) {
  Random random(7, 0, 0, "test");
  std::array<int, 6> counts{};
  for (int i = 0; i < 6000; ++i) {
    const int number = random.whole(2, 7);
    ASSERT_GE(number, 2);
    ASSERT_LE(number, 7);
    ++counts[static_cast<std::size_t>(number - 2)];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Random, ChanceIsNeverAtNoughtAndAlwaysAtOne) {
  Random random(7);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(random.chance(0));
    ASSERT_TRUE(random.chance(1));
  }
}

}  // namespace
}  // namespace dfd
