// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/device_picture.h"

#include <map>

#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "base/check.h"
#include "cuda/crop_task.h"
#include "cuda/face_crops.h"

namespace dfd {
namespace {

// One stream a thread, so that engines do not wait for each other; always the same one, so that its
// memory is used again.
c10::cuda::CUDAStream stream_of(int device_index) {
  thread_local std::map<int, c10::cuda::CUDAStream> streams;
  auto found = streams.find(device_index);
  if (found == streams.end()) {
    const auto index = static_cast<c10::DeviceIndex>(device_index);
    found = streams.emplace(device_index, c10::cuda::getStreamFromPool(false, index)).first;
  }
  return found->second;
}

// launch: (std::uint8_t* rgb, void* stream) -> int, fills a picture of this size.
template <typename Launch>
cv::Mat download(const FrameView& view, const cv::Size& size, const Launch& launch) {
  DFD_CHECK(view.memory == Memory::kCuda && !size.empty());
  const c10::cuda::CUDAStream stream = stream_of(view.device_index);
  const c10::cuda::CUDAStreamGuard guard(stream);
  const at::Tensor rgb = at::empty({size.height, size.width, 3},
                                   at::TensorOptions().dtype(at::kByte).device(stream.device()));
  C10_CUDA_CHECK(static_cast<cudaError_t>(launch(rgb.data_ptr<std::uint8_t>(), stream.stream())));
  cv::Mat picture(size, CV_8UC3);
  at::from_blob(picture.data, rgb.sizes(), at::TensorOptions().dtype(at::kByte)).copy_(rgb);
  return picture;
}

}  // namespace

cv::Mat rgb_region_from_device(const FrameView& view, const cv::Rect& region) {
  const CropTask task = make_task(view, region, {region.size(), std::nullopt});
  return download(view, region.size(), [&](std::uint8_t* rgb, void* stream) {
    return launch_region(task, rgb, stream);
  });
}

cv::Mat reduced_rgb_from_device(const FrameView& view, const cv::Rect& region,
                                const cv::Size& size) {
  const CropTask task = make_task(view, region, {region.size(), std::nullopt});
  return download(view, size, [&](std::uint8_t* rgb, void* stream) {
    return launch_reduced(task, size.width, size.height, rgb, stream);
  });
}

}  // namespace dfd
