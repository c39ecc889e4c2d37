// SPDX-License-Identifier: LGPL-2.1-or-later

#include "trainer/rank_runs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {

std::string free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener, any, length), 0);
  EXPECT_EQ(getsockname(listener, any, &length), 0);
  close(listener);
  return std::to_string(ntohs(address.sin_port));
}

std::string rank_environment(int rank, int size, const std::string& port) {
  return "RANK=" + std::to_string(rank) + " WORLD_SIZE=" + std::to_string(size) +
         " MASTER_ADDR=127.0.0.1 MASTER_PORT=" + port + " ";
}

std::string run_ranks(int size, const std::string& command) {
  const std::string port = free_port();
  std::string all;
  for (int rank = 0; rank < size; ++rank) {
    all += "( " + rank_environment(rank, size, port) + command +
           " 2>&1; echo status $? ) | sed -u 's/^/" + std::to_string(rank) + ": /' & ";
  }
  int status = -1;
  return run(all + "wait", status);
}

bool has_mpirun() {
  int status = -1;
  run("command -v mpirun", status);
  return status == 0;
}

// As root in a container, on however few cores, which each process may use all of.
const char* const kMpirunTwo =
    "env -u RANK -u WORLD_SIZE mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 ";

}  // namespace dfd::test
