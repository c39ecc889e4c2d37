// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/serial.h"

#include <thread>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace dfd {
namespace {

class SerialTest : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(3); }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

TEST_F(SerialTest, LeavesOneThreadWhileItLivesAndAllOfThemAfter) {
  {
    const Serial outer;
    EXPECT_EQ(at::get_num_threads(), 1);
    { const Serial inner; }
    EXPECT_EQ(at::get_num_threads(), 1);
  }
  EXPECT_EQ(at::get_num_threads(), 3);
}

TEST_F(SerialTest, LeavesOtherThreadsAlone) {
  const Serial serial;
  int beside = 0;
  std::thread([&] {
    at::set_num_threads(2);
    beside = at::get_num_threads();
  }).join();
  EXPECT_EQ(beside, 2);
  EXPECT_EQ(at::get_num_threads(), 1);
}

}  // namespace
}  // namespace dfd
