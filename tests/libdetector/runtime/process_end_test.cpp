// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each test ends a process of its own, and looks at what it printed until then.

#include "runtime/process_end.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace dfd {
namespace {

// Registered before the guard, it is called after it.
void tell_what_is() {
  const bool allowed = GuardedWork().allowed();
  std::fprintf(stderr, "ending %d allowed %d\n", process_is_ending() ? 1 : 0, allowed ? 1 : 0);
}

// Work that is under way until the guard tells that the process ends, and a little longer.
void end_with_work_under_way() {
  std::atexit(tell_what_is);
  guard_exit("a test");
  std::promise<void> begun;
  std::promise<void> told;
  const AtProcessEnd at_end([&] {
    std::fputs("told ", stderr);
    told.set_value();
  });
  std::thread([&] {
    const GuardedWork work;
    begun.set_value();
    told.get_future().wait();
    usleep(100000);
    std::fputs("finished ", stderr);
  }).detach();
  begun.get_future().wait();
  std::exit(0);
}

void end_on_a_working_thread() {
  std::atexit(tell_what_is);
  guard_exit("a test");
  const GuardedWork work;
  std::exit(0);
}

void end_in_a_forked_child() {
  std::atexit(tell_what_is);
  guard_exit("a test");
  std::promise<void> begun;
  std::thread([&] {
    const GuardedWork work;
    begun.set_value();
    pause();
  }).detach();
  begun.get_future().wait();
  const pid_t child = fork();
  if (child == 0) std::exit(0);
  int status = -1;
  waitpid(child, &status, 0);
  _exit(WEXITSTATUS(status));
}

class ProcessEnd : public testing::Test {
 protected:
  // The other way forks with the threads of other tests.
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using ProcessEndDeathTest = ProcessEnd;

TEST_F(ProcessEndDeathTest, TellsAndWaitsForWorkAndThenRefusesIt) {
  EXPECT_EXIT(end_with_work_under_way(), testing::ExitedWithCode(0),
              "told finished ending 1 allowed 0");
}

TEST_F(ProcessEndDeathTest, DoesNothingOnAThreadThatWorks) {
  EXPECT_EXIT(end_on_a_working_thread(), testing::ExitedWithCode(0), "ending 0 allowed 1");
}

TEST_F(ProcessEndDeathTest, DoesNothingInAForkedChild) {
  EXPECT_EXIT(end_in_a_forked_child(), testing::ExitedWithCode(0), "ending 0 allowed 1");
}

}  // namespace
}  // namespace dfd
