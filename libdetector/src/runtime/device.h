// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of compute devices.

#pragma once

#include <string>

#include <ATen/ATen.h>

namespace dfd {

// "auto" (CUDA where it works, else the CPU), "cpu", "cuda" or "cuda:N". Never falls back: throws
// Error kInvalidArgument for another name, kDeviceUnavailable for a device that cannot be used.
at::Device select_device(const std::string& name);

}  // namespace dfd
