// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/resources.h"

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Cores that are usable where these files are all there is below the root.
int cores_with(const std::map<std::string, std::string>& files) {
  const fs::path root = test::scratch_folder("control_groups");
  for (const auto& [name, text] : files) {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
  return usable_cores(root.string());
}

int all_cores() { return cores_with({}); }

TEST(UsableCores, AreThoseOfTheAffinity) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(all_cores(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  }
  int found = 0;
  std::thread([&] {
    sched_setaffinity(0, sizeof(one), &one);
    found = all_cores();
  }).join();
  EXPECT_EQ(found, 1);
}

TEST(UsableCores, AreNoMoreThanAQuotaRoundedUp) {
  const std::string group = "proc/self/cgroup";
  const std::string mount = "sys/fs/cgroup/";
  EXPECT_EQ(cores_with({{group, "0::/\n"}, {mount + "cpu.max", "50000 100000\n"}}), 1);
  EXPECT_EQ(cores_with({{group, "0::/a/b\n"},
                        {mount + "a/cpu.max", "30000 100000\n"},
                        {mount + "a/b/cpu.max", "max 100000\n"}}),
            1);
  EXPECT_EQ(cores_with({{group, "4:cpu,cpuacct:/a\n0::/\n"},
                        {mount + "cpu,cpuacct/a/cpu.cfs_quota_us", "10000\n"},
                        {mount + "cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}}),
            1);
  if (all_cores() < 2) GTEST_SKIP() << "one core tells no quota from another";
  EXPECT_EQ(cores_with({{group, "0::/\n"}, {mount + "cpu.max", "110000 100000\n"}}), 2);
}

TEST(UsableCores, AreAllWhereNothingLimitsThem) {
  const std::string group = "proc/self/cgroup";
  const std::string mount = "sys/fs/cgroup/";
  EXPECT_EQ(cores_with({{group, "0::/\n"}, {mount + "cpu.max", "max 100000\n"}}), all_cores());
  EXPECT_EQ(cores_with({{group, "4:cpu:/\n"},
                        {mount + "cpu/cpu.cfs_quota_us", "-1\n"},
                        {mount + "cpu/cpu.cfs_period_us", "100000\n"}}),
            all_cores());
}

TEST(UsableCores, DamagedFilesLimitNothing) {
  const std::string group = "proc/self/cgroup";
  const std::string mount = "sys/fs/cgroup/";
  for (const char* damaged : {"", "\n", "0 0\n", "-5 100000\n", "50000\n", "quota\n", ":::\n"}) {
    EXPECT_EQ(cores_with({{group, "0::/\n"}, {mount + "cpu.max", damaged}}), all_cores())
        << damaged;
    EXPECT_EQ(cores_with({{group, damaged}, {mount + "a/cpu.max", "50000 100000\n"}}), all_cores())
        << damaged;
  }
}

}  // namespace
}  // namespace dfd
