// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A network on a CPU, as lists of oneDNN primitives: activations and residual sums are fused into
// the convolutions, weights packed once, activations kept in one arena, so a forward allocates
// nothing but its result. LibTorch's own convolutions pack weights at every call.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/ops.h"

namespace dfd {

// Thread-compatible. The first forward starts a team of as many threads as LibTorch has there.
class CpuPlans {
 public:
  // network: folded, float; its layers may be changed no more. bfloat16: activations and weights;
  // sums stay float. None where the library was built without oneDNN.
  static std::unique_ptr<CpuPlans> make(std::shared_ptr<ConvNetwork> network, bool bfloat16);

  // For measuring: one folded convolution on an input of that shape; none likewise.
  static std::function<void()> make_single(const ConvUnit& unit,
                                           const std::vector<std::int64_t>& input, bool bfloat16);

  virtual ~CpuPlans() = default;

  // float [N, 3, S, S], channels-last, N of 1, 2, 4, ... -> float [N, D]. Each N
  // and S met for the first time costs a plan: a tenth of a second and memory for its activations.
  virtual at::Tensor embed(const at::Tensor& crops) = 0;
};

// Does this CPU multiply bfloat16 in hardware (AVX512-BF16, AMX)? False without oneDNN.
bool cpu_has_bfloat16();

}  // namespace dfd
