// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "base/check.h"

namespace dfd {

at::Device select_device(const std::string& name) {
  const int devices = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  if (name == "cpu" || (name == "auto" && devices == 0)) return {at::kCPU};
  if (name == "auto" || name == "cuda") {
    DFD_REQUIRE(devices > 0, ErrorCode::kDeviceUnavailable,
                "device \"" << name << "\": "
                            << (at::hasCUDA() ? "no CUDA device was found"
                                              : "this build of LibTorch has no CUDA")
                            << "; use device=cpu");
    return {at::kCUDA, 0};
  }
  constexpr std::size_t kPrefix = 5;  // "cuda:"
  const std::string digits = name.rfind("cuda:", 0) == 0 ? name.substr(kPrefix) : "";
  DFD_REQUIRE(!digits.empty() && digits.size() <= 3 &&
                  digits.find_first_not_of("0123456789") == std::string::npos,
              ErrorCode::kInvalidArgument,
              "device \"" << name << "\": expected auto, cpu, cuda or cuda:N");
  const int index = std::stoi(digits);
  DFD_REQUIRE(index < devices, ErrorCode::kDeviceUnavailable,
              "device \"" << name << "\": " << devices << " CUDA devices can be used");
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

}  // namespace dfd
