// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scoring/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "backbone/cpu_plans.h"
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

Precision select_precision(Precision wanted, const at::Device& device) {
  if (device.is_cuda()) return wanted == Precision::kAuto ? Precision::kFp16 : wanted;
  const bool bfloat16 = cpu_has_bfloat16();
  if (wanted == Precision::kAuto) return bfloat16 ? Precision::kBf16 : Precision::kFp32;
  DFD_REQUIRE(wanted != Precision::kFp16, ErrorCode::kDeviceUnavailable,
              "precision fp16: CPUs compute it many times slower than fp32; use precision=auto");
  DFD_REQUIRE(wanted != Precision::kBf16 || bfloat16, ErrorCode::kDeviceUnavailable,
              "precision bf16: this CPU has neither AVX512-BF16 nor AMX (or the library was built "
              "without oneDNN) and would be many times slower than in fp32; use precision=auto");
  return wanted;
}

at::ScalarType type_of(Precision precision) {
  switch (precision) {
    case Precision::kBf16:
      return at::kBFloat16;
    case Precision::kFp16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

}  // namespace dfd
