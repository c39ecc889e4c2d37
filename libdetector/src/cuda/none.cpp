// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stands in for this room where the library is built without CUDA.

#include <string>

#include "base/device_picture.h"
#include "detector/error.h"
#include "scoring/scorer.h"

namespace dfd {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw Error(ErrorCode::kDeviceUnavailable,
              std::string(what) +
                  ": this build has no CUDA; use device=cpu and frames in system "
                  "memory, or build with a LibTorch that has CUDA");
}

}  // namespace

std::unique_ptr<Scorer> make_cuda_scorer(TensorSource& /*source*/, const ModelConfig& /*config*/,
                                         const at::Device& device, at::ScalarType /*type*/) {
  refuse(("device " + device.str()).c_str());
}

cv::Mat rgb_region_from_device(const FrameView& /*view*/, const cv::Rect& /*region*/) {
  refuse("a frame in CUDA memory");
}

cv::Mat reduced_rgb_from_device(const FrameView& /*view*/, const cv::Rect& /*region*/,
                                const cv::Size& /*size*/) {
  refuse("a frame in CUDA memory");
}

}  // namespace dfd
