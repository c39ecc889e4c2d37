// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/assignment.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace dfd {
namespace {

float total(const std::vector<std::vector<float>>& gain, const std::vector<int>& partner) {
  float sum = 0;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (partner[i] != kUnassigned) sum += gain[i][static_cast<std::size_t>(partner[i])];
  }
  return sum;
}

TEST(Assign, TakesTheBestSumNotTheBestPair) {
  // The best pair first would leave 0.1 for the other.
  EXPECT_EQ(assign({{0.9F, 0.8F}, {0.8F, 0.1F}}), (std::vector<int>{1, 0}));
}

TEST(Assign, PairsWithoutGainStayApart) {
  EXPECT_EQ(assign({{0, 0}, {0, 0.5F}}), (std::vector<int>{kUnassigned, 1}));
  EXPECT_EQ(assign({{-1.F}}), (std::vector<int>{kUnassigned}));
}

TEST(Assign, EitherSideMayBeLongerOrEmpty) {
  EXPECT_TRUE(assign({}).empty());
  EXPECT_EQ(assign({{}, {}}), (std::vector<int>{kUnassigned, kUnassigned}));
  EXPECT_EQ(assign({{0.1F, 0.2F, 0.3F}}), (std::vector<int>{2}));
  EXPECT_EQ(assign({{0.1F}, {0.3F}, {0.2F}}), (std::vector<int>{kUnassigned, 0, kUnassigned}));
}

TEST(Assign, IsAsGoodAsTryingAllOrders) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> value(-0.5F, 1.F);
  for (int round = 0; round < 200; ++round) {
    const std::size_t size = 1 + random() % 6;
    std::vector<std::vector<float>> gain(size, std::vector<float>(size));
    for (auto& row : gain) std::generate(row.begin(), row.end(), [&] { return value(random); });
    std::vector<int> order(size);
    std::iota(order.begin(), order.end(), 0);
    float best = 0;
    do {
      float sum = 0;
      for (std::size_t i = 0; i < size; ++i) {
        sum += std::max(0.F, gain[i][static_cast<std::size_t>(order[i])]);
      }
      best = std::max(best, sum);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_NEAR(total(gain, assign(gain)), best, 1e-5);
  }
}

}  // namespace
}  // namespace dfd
