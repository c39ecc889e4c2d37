// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/leavable_thread.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "program.h"

namespace dfd::monitor {
namespace {

using test::comes_true;

// Comes at once, but on a loaded machine.
constexpr auto kLong = std::chrono::seconds(20);
// For what never comes.
constexpr auto kShort = std::chrono::milliseconds(20);

struct Job : LeavableThread::Shared {
  // What holds the thread up, as a disk would.
  bool hangs = false;
  bool was_asked = false;
  int done = 0;
};

void work(Job& job) {
  std::unique_lock<std::mutex> lock(job.mutex);
  job.changed.wait(lock, [&] { return job.end; });
  job.was_asked = true;
  job.changed.notify_all();
  job.changed.wait(lock, [&] { return !job.hangs; });
  ++job.done;
}

void let_go(Job& job) {
  const std::lock_guard<std::mutex> lock(job.mutex);
  job.hangs = false;
  job.changed.notify_all();
}

TEST(LeavableThread, IsWaitedForWhereItEnds) {
  const auto job = std::make_shared<Job>();
  LeavableThread thread;
  thread.start(job, work);
  EXPECT_TRUE(thread.end(kLong));
  // Without the mutex: nobody else is there.
  EXPECT_EQ(job->done, 1);
  EXPECT_EQ(job.use_count(), 2) << "the thread has given up its share";
}

TEST(LeavableThread, IsLeftWhereItHangs) {
  const auto job = std::make_shared<Job>();
  job->hangs = true;
  LeavableThread thread;
  thread.start(job, work);
  EXPECT_FALSE(thread.end(kShort));
  EXPECT_FALSE(thread.has_ended());
  let_go(*job);
  EXPECT_TRUE(comes_true([&] { return thread.has_ended(); }));
  EXPECT_EQ(job->done, 1);
}

TEST(LeavableThread, KeepsWhatItSharesUntilItEnds) {
  auto job = std::make_shared<Job>();
  job->hangs = true;
  {
    LeavableThread thread;
    thread.start(job, work);
    EXPECT_FALSE(thread.end(kShort));
  }
  const std::weak_ptr<Job> left = job;
  job.reset();
  ASSERT_FALSE(left.expired());
  let_go(*left.lock());
  EXPECT_TRUE(comes_true([&] { return left.expired(); }));
}

TEST(LeavableThread, IsAskedAndNotWaitedForAtItsOwnersEnd) {
  const auto job = std::make_shared<Job>();
  job->hangs = true;
  {
    LeavableThread thread;
    thread.start(job, work);
  }
  {
    std::unique_lock<std::mutex> lock(job->mutex);
    EXPECT_EQ(job->done, 0);
    EXPECT_TRUE(job->changed.wait_for(lock, kLong, [&] { return job->was_asked; }));
  }
  let_go(*job);
  EXPECT_TRUE(comes_true([&] { return job.use_count() == 1; }));
}

TEST(LeavableThread, GoesOnUntilItIsAsked) {
  const auto job = std::make_shared<Job>();
  LeavableThread thread;
  thread.start(job, work);
  std::this_thread::sleep_for(kShort);
  EXPECT_FALSE(thread.has_ended());
  thread.ask_to_end();
  EXPECT_TRUE(comes_true([&] { return thread.has_ended(); }));
  EXPECT_TRUE(thread.end(Duration::zero()));
}

TEST(LeavableThread, ThatWasLeftIsNotWaitedForAgain) {
  const auto job = std::make_shared<Job>();
  job->hangs = true;
  LeavableThread thread;
  thread.start(job, work);
  EXPECT_FALSE(thread.end(kShort));
  EXPECT_FALSE(thread.end(std::chrono::hours(1)));
  let_go(*job);
  EXPECT_TRUE(comes_true([&] { return thread.end(std::chrono::hours(1)); }));
}

TEST(LeavableThread, ThatWasNeverStartedHasEnded) {
  LeavableThread thread;
  EXPECT_FALSE(thread.is_started());
  EXPECT_TRUE(thread.has_ended());
  thread.ask_to_end();
  EXPECT_TRUE(thread.end(std::chrono::hours(1)));
}

}  // namespace
}  // namespace dfd::monitor
