// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For builds without oneDNN's headers: LibTorch's own operators run the backbone.

#include "backbone/cpu_plans.h"

namespace dfd {

std::unique_ptr<CpuPlans> CpuPlans::make(std::shared_ptr<const Layers> /*layers*/,
                                         bool /*bfloat16*/) {
  return nullptr;
}

bool cpu_has_bfloat16() { return false; }

}  // namespace dfd
