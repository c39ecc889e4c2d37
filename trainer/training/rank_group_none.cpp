// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In place of Gloo where its headers are not.

#include "base/check.h"
#include "training/rank_group.h"

namespace dfd {

std::unique_ptr<RankGroup> connect_ranks(const Launch& launch,
                                         std::chrono::milliseconds /*limit*/) {
  DFD_REQUIRE(false, ErrorCode::kDeviceUnavailable,
              launch.launcher << " started " << launch.size
                              << " processes, but this program was built without Gloo; install "
                                 "libgloo-dev and build it again, or start one process");
  return nullptr;
}

}  // namespace dfd
