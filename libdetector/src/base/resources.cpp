// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/resources.h"

#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// Cores that one group grants. v2: "QUOTA PERIOD" or "max PERIOD" in cpu.max; v1: two files, the
// quota -1 where there is none.
double quota_of(const fs::path& group) {
  std::string quota;
  double period = 0;
  if (std::ifstream both(group / "cpu.max"); !(both >> quota >> period)) {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  std::istringstream number(quota);
  double granted = 0;
  return number >> granted && granted > 0 && period > 0 ? granted / period : kNoLimit;
}

// The least of a group's and those above it: each limits what is in it.
double least_quota(const fs::path& mount, const fs::path& group) {
  double least = quota_of(mount);
  fs::path place = mount;
  for (const fs::path& part : group.relative_path()) {
    place /= part;
    least = std::min(least, quota_of(place));
  }
  return least;
}

// Lines of /proc/self/cgroup: "0::/GROUP" (v2), "4:cpu,cpuacct:/GROUP" (v1).
double cores_of_groups(const fs::path& root) {
  const fs::path mounts = root / "sys/fs/cgroup";
  double least = kNoLimit;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string kinds = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (kinds.empty()) least = std::min(least, least_quota(mounts, group));
    if (("," + kinds + ",").find(",cpu,") == std::string::npos) continue;
    for (const std::string& mount : {kinds, std::string("cpu")}) {
      least = std::min(least, least_quota(mounts / mount, group));
    }
  }
  return least;
}

int cores_of_affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails where there are more cores than the set has bits.
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int usable_cores(const std::string& root) {
  const double granted = std::ceil(cores_of_groups(root));
  return std::max(1, static_cast<int>(std::min<double>(cores_of_affinity(), granted)));
}

void give_memory_back() { malloc_trim(0); }

}  // namespace dfd
