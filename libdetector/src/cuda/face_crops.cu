// SPDX-License-Identifier: LGPL-2.1-or-later

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstddef>

#include "cuda/face_crops.h"

namespace dfd {
namespace {

// One thread a pixel, in squares: neighbours read the same parts of the frame.
constexpr int kBlockSide = 16;

dim3 blocks_for(int width, int height, int pictures) {
  const auto blocks = [](int side) {
    return static_cast<unsigned>((side + kBlockSide - 1) / kBlockSide);
  };
  return {blocks(width), blocks(height), static_cast<unsigned>(pictures)};
}

dim3 block() { return {kBlockSide, kBlockSide}; }

__device__ int column() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }
__device__ int row() { return static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y); }

__device__ void store(std::uint8_t* pixel, const float rgb[3]) {
  for (int i = 0; i < 3; ++i) pixel[i] = static_cast<std::uint8_t>(rgb[i]);
}

__global__ void make_crops(const CropTask* tasks, int size, CropScaling scaling, __half* values,
                           std::uint8_t* pictures) {
  const int x = column();
  const int y = row();
  if (x >= size || y >= size) return;
  float rgb[3];
  crop_pixel(tasks[blockIdx.z], x, y, rgb);
  const std::size_t first = ((static_cast<std::size_t>(blockIdx.z) * size + y) * size + x) * 3;
  store(pictures + first, rgb);
  for (int i = 0; i < 3; ++i) {
    values[first + i] = __float2half((rgb[i] - scaling.mean[i]) / scaling.std[i]);
  }
}

__global__ void make_region(CropTask task, std::uint8_t* picture) {
  const int x = column();
  const int y = row();
  if (x >= task.width || y >= task.height) return;
  float rgb[3];
  frame_pixel(task, task.left + x, task.top + y, rgb);
  store(picture + (static_cast<std::size_t>(y) * task.width + x) * 3, rgb);
}

__global__ void make_reduced(CropTask task, int width, int height, std::uint8_t* picture) {
  const int x = column();
  const int y = row();
  if (x >= width || y >= height) return;
  float rgb[3];
  reduced_pixel(task, width, height, x, y, rgb);
  store(picture + (static_cast<std::size_t>(y) * width + x) * 3, rgb);
}

}  // namespace

int launch_crops(const CropTask* tasks, int count, int size, const CropScaling& scaling,
                 void* values, std::uint8_t* rgb, void* stream) {
  make_crops<<<blocks_for(size, size, count), block(), 0, static_cast<cudaStream_t>(stream)>>>(
      tasks, size, scaling, static_cast<__half*>(values), rgb);
  return cudaGetLastError();
}

int launch_region(const CropTask& task, std::uint8_t* rgb, void* stream) {
  make_region<<<blocks_for(task.width, task.height, 1), block(), 0,
                static_cast<cudaStream_t>(stream)>>>(task, rgb);
  return cudaGetLastError();
}

int launch_reduced(const CropTask& task, int width, int height, std::uint8_t* rgb, void* stream) {
  make_reduced<<<blocks_for(width, height, 1), block(), 0, static_cast<cudaStream_t>(stream)>>>(
      task, width, height, rgb);
  return cudaGetLastError();
}

}  // namespace dfd
