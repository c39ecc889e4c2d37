// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include "base/check.h"
#include "scoring/device.h"

namespace dfd {

TrainingDevice training_device(const std::string& device, Precision precision, int local_rank) {
  DFD_REQUIRE(precision != Precision::kFp16, ErrorCode::kInvalidArgument,
              "precision fp16: gradients are lost in it; give bf16, fp32 or auto");
  TrainingDevice found;
  found.device = select_device(device);
  if (found.device.is_cuda()) {
    const bool chosen = device.find(':') != std::string::npos;
    // A launcher may show each process a device of its own, and nothing else.
    const int devices = at::detail::getCUDAHooks().getNumGPUs();
    if (!chosen) found.device = select_device("cuda:" + std::to_string(local_rank % devices));
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    // Every device that this LibTorch runs on computes bfloat16, if not always faster.
    found.type = type_of(precision == Precision::kAuto ? Precision::kBf16 : precision);
  } else {
    found.type = type_of(select_precision(precision, found.device));
  }
  return found;
}

}  // namespace dfd
