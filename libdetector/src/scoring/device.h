// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of compute devices, and what they compute in.

#pragma once

#include <string>

#include <ATen/ATen.h>

#include "detector/config.h"

namespace dfd {

// "auto" (CUDA where it works, else the CPU), "cpu", "cuda" or "cuda:N". Never falls back: throws
// Error kInvalidArgument for another name, kDeviceUnavailable for a device that cannot be used.
at::Device select_device(const std::string& name);

// What kAuto becomes on that device. Throws Error kDeviceUnavailable for a precision that the
// device lacks, or has only by being many times slower than in fp32.
Precision select_precision(Precision wanted, const at::Device& device);

at::ScalarType type_of(Precision precision);  // Not kAuto.

}  // namespace dfd
