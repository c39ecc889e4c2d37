// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/team.h"

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using namespace std::chrono_literals;

TEST(Team, DoesEveryPieceOnceAndLayersInOrder) {
  for (const int members : {1, 2, 3, 5}) {
    Team team(members);
    EXPECT_EQ(team.members(), members);
    for (int run = 0; run < 200; ++run) {
      constexpr int kLayers = 7;
      const int pieces = 1 + run % 6;
      std::vector<std::atomic<int>> done(kLayers);
      std::atomic<bool> in_order{true};
      team.run(kLayers, pieces, [&](int layer, int piece) {
        if (piece >= pieces || (layer > 0 && done[static_cast<std::size_t>(layer) - 1] != pieces)) {
          in_order = false;
        }
        ++done[static_cast<std::size_t>(layer)];
      });
      EXPECT_TRUE(in_order) << members << " " << run;
      for (const auto& count : done) EXPECT_EQ(count, pieces) << members << " " << run;
    }
  }
}

TEST(Team, NothingToDoIsDoneAtOnce) {
  Team team(2);
  team.run(0, 3, [](int, int) { FAIL(); });
  team.run(3, 0, [](int, int) { FAIL(); });
}

TEST(Team, OthersTakePartWhetherAsleepOrNot) {
  Team team(2);
  for (const auto pause : {0ms, 20ms}) {  // More than they spin.
    std::this_thread::sleep_for(pause);
    std::set<std::thread::id> threads;
    std::mutex mutex;
    std::atomic<int> inside{0};
    // Each piece waits for the other: one thread alone would never end.
    team.run(1, 2, [&](int, int) {
      ++inside;
      while (inside < 2) std::this_thread::yield();
      const std::lock_guard<std::mutex> lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
    EXPECT_EQ(threads.size(), 2U);
  }
}

TEST(Team, WhoIsHeldUpHoldsUpOnePiece) {
  Team team(2);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> by_caller{0};
  std::atomic<bool> held_up{false};
  std::atomic<bool> let_go{false};
  team.run(1, 8, [&](int, int) {
    if (std::this_thread::get_id() != caller) {
      held_up = true;
      while (!let_go) std::this_thread::yield();
      return;
    }
    // The first piece goes on until the other is in one; all others are this thread's then.
    while (!held_up) std::this_thread::yield();
    if (++by_caller == 7) let_go = true;
  });
  EXPECT_EQ(by_caller, 7);
}

TEST(Team, AnErrorIsThrownAndTheNextRunIsWhole) {
  Team team(3);
  for (int i = 0; i < 50; ++i) {
    std::atomic<int> later{0};
    EXPECT_THROW(team.run(3, 4,
                          [&](int layer, int piece) {
                            if (layer == 1 && piece == 2) throw std::runtime_error("no");
                            if (layer == 2) ++later;
                          }),
                 std::runtime_error);
    EXPECT_EQ(later, 0) << "layers after the error";
    std::atomic<int> pieces{0};
    team.run(2, 4, [&](int, int) { ++pieces; });
    EXPECT_EQ(pieces, 8);
  }
}

TEST(Team, EndsWhileItsMembersSleepOrSpin) {
  for (int i = 0; i < 100; ++i) {
    Team team(4);
    if (i % 2 == 0) team.run(2, 4, [](int, int) {});
    if (i % 10 == 0) std::this_thread::sleep_for(1ms);
  }
}

}  // namespace
}  // namespace dfd
