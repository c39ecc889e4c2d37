// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Several processes that find each other, and what they say when one is gone.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "trainer/end_to_end/trainer_runs.h"
#include "trainer/rank_runs.h"

namespace dfd::test {
namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Ranks, ASingleProcessHasNobodyToWaitFor) {
  int status = -1;
  EXPECT_EQ(run("env -u RANK -u WORLD_SIZE " DFD_RANK_PROCESS, status),
            "sum 6 40 100\nbroadcast 21 3 b 0\nany 011\n");
  EXPECT_EQ(status, 0);
}

#ifdef DFD_WITH_GLOO

TEST(Ranks, TwoSumAndHearTheFirst) {
  const std::string said = run_ranks(2, DFD_RANK_PROCESS " all");
  for (const std::string rank : {"0: ", "1: "}) {
    EXPECT_TRUE(says(said, rank + "sum 18 120 300\n")) << said;
    EXPECT_TRUE(says(said, rank + "broadcast 21 3 b 0\n")) << said;
    EXPECT_TRUE(says(said, rank + "any 011\n")) << said;
    EXPECT_TRUE(says(said, rank + "status 0\n")) << said;
  }
}

TEST(Ranks, SoDoThree) {
  const std::string said = run_ranks(3, DFD_RANK_PROCESS " all");
  for (const std::string rank : {"0: ", "1: ", "2: "}) {
    EXPECT_TRUE(says(said, rank + "sum 36 240 600\n")) << said;
    EXPECT_TRUE(says(said, rank + "broadcast 21 3 b 0\n")) << said;
  }
}

// By whoever finds it first; another may hear of nothing but that one's end.
TEST(Ranks, AKilledRankIsNamedByTheOthers) {
  const std::string said = run_ranks(3, DFD_RANK_PROCESS " killed");
  EXPECT_TRUE(says(said, " of 3 lost rank 2 (")) << said;
  for (const std::string rank : {"0", "1"}) {
    EXPECT_TRUE(says(said, rank + ": io: rank " + rank + " of 3 lost rank ")) << said;
    EXPECT_TRUE(says(said, rank + ": status 1")) << said;
  }
  EXPECT_TRUE(says(said, "--resume goes on")) << said;
  EXPECT_TRUE(says(said, "2: status 137")) << said;
}

TEST(Ranks, AKilledFirstRankIsNamedToo) {
  const std::string said = run_ranks(2, DFD_RANK_PROCESS " killed-first");
  EXPECT_TRUE(says(said, "1: io: rank 1 of 2 lost rank 0 (")) << said;
  EXPECT_TRUE(says(said, "1: status 1")) << said;
}

TEST(Ranks, WhyARankEndsIsHeardByTheOthers) {
  EXPECT_TRUE(says(run_ranks(2, DFD_RANK_PROCESS " leaves"),
                   "0: io: rank 0 of 2 lost the connection; rank 1 ended: "
                   "the disk is full"));
  EXPECT_TRUE(says(run_ranks(2, DFD_RANK_PROCESS " leaves-first"),
                   "1: io: rank 1 of 2 lost the connection; rank 0 ended: the disk is full"));
}

// Its machine may have no power.
TEST(Ranks, ASilentRankIsLostAfterTheLimit) {
  const std::string said = run_ranks(2, DFD_RANK_PROCESS " sleeps 2000");
  EXPECT_TRUE(says(said, "0: io: rank 0 of 2 lost rank 1 (")) << said;
}

TEST(Ranks, OneThatNobodyJoinsEndsAfterTheLimit) {
  int status = -1;
  for (const int rank : {0, 1}) {
    const std::string said =
        run(rank_environment(rank, 2, free_port()) + DFD_RANK_PROCESS " all 1000 2>&1", status);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_TRUE(says(said, "rank " + std::to_string(rank) + " of 2")) << said;
    EXPECT_TRUE(says(said, "MASTER_ADDR")) << said;
  }
}

TEST(Ranks, APortThatIsTakenIsNamed) {
  const int listener = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  socklen_t length = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, any, length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, any, &length), 0);
  const std::string port = std::to_string(ntohs(address.sin6_port));
  int status = -1;
  const std::string said =
      run(rank_environment(0, 2, port) + DFD_RANK_PROCESS " all 2000 2>&1", status);
  close(listener);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(says(said, "port " + port)) << said;
  EXPECT_TRUE(says(said, "MASTER_PORT a port that is free")) << said;
}

TEST(Ranks, UnderMpirunTheyFindEachOther) {
  if (!has_mpirun()) GTEST_SKIP() << "mpirun is not there; install openmpi-bin";
  int status = -1;
  const std::string said = run(std::string(kMpirunTwo) + DFD_RANK_PROCESS " all 2>&1", status);
  EXPECT_EQ(status, 0) << said;
  EXPECT_EQ(count_of(said, "sum 18 120 300\n"), 2U) << said;
}

#else

TEST(Ranks, WithoutGlooSeveralAreRefused) {
  int status = -1;
  const std::string said =
      run(rank_environment(0, 2, free_port()) + DFD_RANK_PROCESS " all", status);
  EXPECT_TRUE(says(said, "libgloo-dev")) << said;
}

#endif

}  // namespace
}  // namespace dfd::test
