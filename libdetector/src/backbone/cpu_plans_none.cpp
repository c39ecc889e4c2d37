// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For builds without oneDNN's headers: LibTorch's own operators run the backbone.

#include "backbone/cpu_plans.h"

namespace dfd {

std::unique_ptr<CpuPlans> CpuPlans::make(std::shared_ptr<ConvNetwork> /*network*/,
                                         bool /*bfloat16*/) {
  return nullptr;
}

std::function<void()> CpuPlans::make_single(const ConvUnit& /*unit*/,
                                            const std::vector<std::int64_t>& /*input*/,
                                            bool /*bfloat16*/) {
  return {};
}

bool cpu_has_bfloat16() { return false; }

}  // namespace dfd
