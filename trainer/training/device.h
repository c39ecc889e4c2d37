// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a network is trained, and what its convolutions compute in.

#pragma once

#include <string>

#include <ATen/ATen.h>

#include "detector/config.h"

namespace dfd {

struct TrainingDevice {
  at::Device device{at::kCPU};
  // Of activations: weights, statistics, losses and the optimizer stay float.
  at::ScalarType type = at::kFloat;
};

// device: as select_device(); local_rank: of the processes on this machine, which each take the
// CUDA device of their number where "auto" or "cuda" leaves the choice. precision: kFp32, kBf16, or
// kAuto: bf16 where the device has it. Sets CUDA's convolutions to those that give the same result
// every time. Throws Error kInvalidArgument, kDeviceUnavailable.
TrainingDevice training_device(const std::string& device, Precision precision, int local_rank = 0);

}  // namespace dfd
