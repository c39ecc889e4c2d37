// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The kernels. Each function enqueues one launch on a stream (a cudaStream_t) of the current device
// and returns what CUDA said of it (a cudaError_t): this header needs no CUDA.

#pragma once

#include <cstdint>

#include "cuda/crop_pixel.h"

namespace dfd {

// Of R, G and B in [0, 255]: (value - mean) / std.
struct CropScaling {
  float mean[3];
  float std[3];
};

// Makes count crops of size x size pixels. tasks, values and rgb are in device memory.
//   values: 16-bit floats [count, size, size, 3], scaled.
//   rgb: the crops as 8-bit pictures, of the same shape.
int launch_crops(const CropTask* tasks, int count, int size, const CropScaling& scaling,
                 void* values, std::uint8_t* rgb, void* stream);

// Writes the task's region at full resolution to rgb [height, width, 3].
int launch_region(const CropTask& task, std::uint8_t* rgb, void* stream);

// Writes the task's region, reduced, to rgb [height, width, 3].
int launch_reduced(const CropTask& task, int width, int height, std::uint8_t* rgb, void* stream);

}  // namespace dfd
