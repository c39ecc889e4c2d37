// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/prefetch.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace dfd {
namespace {

TEST(Prefetch, GivesAllInOrderHoweverManyThreadsMakeThem) {
  for (const int threads : {1, 4}) {
    Prefetch<std::int64_t> source(
        [](std::int64_t number) {
          // Later ones are done sooner.
          std::this_thread::sleep_for(std::chrono::microseconds(number % 3 == 0 ? 500 : 10));
          return number * number;
        },
        5, 60, threads);
    for (std::int64_t number = 5; number < 60; ++number) EXPECT_EQ(source.next(), number * number);
  }
}

TEST(Prefetch, MakesNoMoreAheadThanItMayHold) {
  std::atomic<std::int64_t> made{0};
  Prefetch<std::int64_t> source([&](std::int64_t number) { return ++made, number; }, 0, 1000, 2);
  source.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(made, 1 + 4);
}

TEST(Prefetch, AnErrorReachesWhoeverTakes) {
  Prefetch<int> source(
      [](std::int64_t number) -> int {
        if (number == 2) throw std::runtime_error("broken");
        return 1;
      },
      0, 10, 1);
  EXPECT_THROW(
      {
        for (int i = 0; i < 3; ++i) source.next();
      },
      std::runtime_error);
}

TEST(Prefetch, EndsWhileMuchIsLeft) {
  const Prefetch<std::int64_t> source([](std::int64_t number) { return number; }, 0, 1 << 30, 3);
}

}  // namespace
}  // namespace dfd
