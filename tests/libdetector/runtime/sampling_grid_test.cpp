// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/sampling_grid.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace dfd {
namespace {

using namespace std::chrono_literals;

SamplingGrid grid_of(std::chrono::nanoseconds period, std::chrono::nanoseconds interval) {
  SamplingGrid grid;
  grid.set(period, interval);
  return grid;
}

// Times, in ms, of the frames that were taken as samples among these.
std::vector<int> samples_of(SamplingGrid& grid, int first, int step, int last) {
  std::vector<int> taken;
  for (int time = first; time <= last; time += step) {
    const auto ticket = grid.ticket(std::chrono::milliseconds(time), false);
    if (!ticket) continue;
    EXPECT_TRUE(ticket->samples());
    grid.take(*ticket);
    taken.push_back(time);
  }
  return taken;
}

TEST(SamplingGrid, TakesTheFirstFrameAtOrAfterEachPoint) {
  SamplingGrid grid = grid_of(100ms, 1s);
  EXPECT_EQ(samples_of(grid, 7, 40, 500), (std::vector<int>{7, 127, 207, 327, 407}));
}

TEST(SamplingGrid, DoesNotDrift) {
  // A third of a second is no whole number of frames.
  SamplingGrid grid = grid_of(333333333ns, 1s);
  EXPECT_EQ(samples_of(grid, 0, 40, 100000 - 40).size(), 300U);
}

TEST(SamplingGrid, TakesOneSampleAFrameHoweverManyPointsItHasPassed) {
  SamplingGrid grid = grid_of(100ms, 1s);
  EXPECT_EQ(samples_of(grid, 0, 350, 1400), (std::vector<int>{0, 350, 700, 1050, 1400}));
  EXPECT_FALSE(grid.ticket(1450ms, false));
  EXPECT_TRUE(grid.ticket(1500ms, false));
}

TEST(SamplingGrid, ATicketThatIsDroppedChangesNothing) {
  SamplingGrid grid = grid_of(100ms, 500ms);
  ASSERT_TRUE(grid.ticket(0ms, true));  // Dropped: the next one is the first.
  const auto ticket = grid.ticket(30ms, true);
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(ticket->samples());
  EXPECT_TRUE(ticket->seeks());
  grid.take(*ticket);
  EXPECT_FALSE(grid.ticket(120ms, true));
  EXPECT_TRUE(grid.ticket(130ms, true));  // Dropped.
  EXPECT_TRUE(grid.ticket(140ms, true));
}

TEST(SamplingGrid, SeeksFacesAnIntervalApart) {
  SamplingGrid grid = grid_of(1h, 200ms);
  std::vector<int> sought;
  for (int time = 0; time < 700; time += 90) {
    const auto ticket = grid.ticket(std::chrono::milliseconds(time), true);
    if (!ticket) continue;
    EXPECT_TRUE(ticket->seeks());
    EXPECT_EQ(ticket->samples(), time == 0);
    grid.take(*ticket);
    sought.push_back(time);
  }
  EXPECT_EQ(sought, (std::vector<int>{0, 270, 540}));
}

TEST(SamplingGrid, SeeksNoFacesWhereThereCanBeNone) {
  SamplingGrid grid = grid_of(100ms, 0ms);
  const auto ticket = grid.ticket(0ms, false);
  ASSERT_TRUE(ticket);
  EXPECT_FALSE(ticket->seeks());
  grid.take(*ticket);
  EXPECT_FALSE(grid.ticket(50ms, false));
  EXPECT_TRUE(grid.ticket(50ms, true));
}

TEST(SamplingGrid, ARestartBeginsAnewWhereverTimeIs) {
  SamplingGrid grid = grid_of(100ms, 1s);
  EXPECT_EQ(samples_of(grid, 1000, 10, 1100), (std::vector<int>{1000, 1100}));
  grid.restart();
  const auto ticket = grid.ticket(3ms, true);
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(ticket->seeks());
  EXPECT_EQ(samples_of(grid, 3, 10, 120), (std::vector<int>{3, 103}));
}

TEST(SamplingGrid, ATicketOfAnotherGridChangesNothing) {
  SamplingGrid grid = grid_of(100ms, 1s);
  const auto before = grid.ticket(5000ms, true);
  grid.restart();
  EXPECT_FALSE(grid.take(*before));
  EXPECT_EQ(samples_of(grid, 0, 50, 100), (std::vector<int>{0, 100}));
}

}  // namespace
}  // namespace dfd
