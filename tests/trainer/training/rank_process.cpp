// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One of several processes of a test, as the environment says; what it finds goes to stdout.
//
//   rank_process SCENARIO [LIMIT IN MILLISECONDS]

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "detector/error.h"
#include "training/ranks.h"

namespace dfd::test {
namespace {

void sum(Ranks& ranks) {
  const auto own = static_cast<float>(ranks.rank() + 1);
  const at::Tensor matrix = at::full({2, 3}, own);
  // Not contiguous, and with no dimension.
  const at::Tensor column = at::zeros({4, 2}).select(1, 1).fill_(10 * own);
  const at::Tensor number = at::full({}, 100 * own);
  ranks.sum({matrix, column, number});
  std::cout << "sum " << matrix.sum().item<float>() << ' ' << column.sum().item<float>() << ' '
            << number.item<float>() << std::endl;
}

void broadcast(Ranks& ranks) {
  const at::Tensor whole = at::full({3}, ranks.rank() + 7, at::kLong);
  ranks.broadcast({whole});
  const std::string bytes = ranks.broadcast(ranks.first() ? std::string("a\0b", 3) : "other");
  const std::string none = ranks.broadcast(ranks.first() ? std::string() : "other");
  std::cout << "broadcast " << whole.sum().item<std::int64_t>() << ' ' << bytes.size() << ' '
            << bytes.substr(2) << ' ' << none.size() << std::endl;
}

void any(Ranks& ranks) {
  std::cout << "any " << ranks.any(false) << ranks.any(ranks.rank() == ranks.size() - 1)
            << ranks.any(true) << std::endl;
}

// As many steps as it takes until the other's end is noticed.
[[noreturn]] void sum_for_ever(Ranks& ranks) {
  const at::Tensor much = at::zeros({1 << 20});
  while (true) ranks.sum({much});
}

// What the last rank does in the middle of all, while the others go on.
void end(Ranks& ranks, const std::string& how) {
  ranks.any(false);
  const bool mine =
      how.find("first") != std::string::npos ? ranks.first() : ranks.rank() == ranks.size() - 1;
  if (mine && how.rfind("killed", 0) == 0) raise(SIGKILL);
  if (mine && how.rfind("leaves", 0) == 0) {
    ranks.leave("the disk is full");
    return;
  }
  // Longer than the others wait for it, and then for what it has to say.
  if (mine && how.rfind("sleeps", 0) == 0) std::this_thread::sleep_for(std::chrono::seconds(10));
  sum_for_ever(ranks);
}

int run(const std::string& scenario, std::chrono::milliseconds limit) {
  const auto launch = launch_of(std::getenv);
  if (!launch) {
    Ranks alone;
    sum(alone);
    broadcast(alone);
    any(alone);
    return 0;
  }
  Ranks ranks(*launch, limit);
  if (scenario == "all") {
    sum(ranks);
    broadcast(ranks);
    any(ranks);
    return 0;
  }
  end(ranks, scenario);
  return 0;
}

}  // namespace
}  // namespace dfd::test

int main(int argc, char** argv) {
  try {
    return dfd::test::run(argc > 1 ? argv[1] : "all",
                          std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 60000));
  } catch (const dfd::Error& error) {
    std::cout << dfd::to_string(error.code()) << ": " << error.what() << std::endl;
    return 1;
  }
}
