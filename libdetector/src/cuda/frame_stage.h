// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Brings what a batch of crops reads to a CUDA device: of frames in host memory the regions, in one
// copy from page-locked memory; frames in the device's memory are read where they are.

#pragma once

#include <vector>

#include <ATen/ATen.h>

#include "backbone/input.h"
#include "cuda/crop_pixel.h"

namespace dfd {

// Thread-compatible.
class FrameStage {
 public:
  explicit FrameStage(const at::Device& device) : device_(device) {}

  // The tasks of the plans, in the same order, in device memory; valid until the next call. The
  // copy is enqueued on the current stream, which must have done the work of the call before.
  // Throws Error(kInvalidArgument) for a frame on another device.
  const CropTask* upload(const std::vector<CropPlan>& plans, const InputRule& rule);

 private:
  at::Device device_;
  at::Tensor host_, staged_;  // Bytes [capacity]: tasks, then parts of frames; grown when needed.
};

}  // namespace dfd
