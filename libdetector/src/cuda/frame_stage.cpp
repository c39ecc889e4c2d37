// SPDX-License-Identifier: LGPL-2.1-or-later

#include "cuda/frame_stage.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "base/picture.h"
#include "cuda/crop_task.h"

namespace dfd {

const CropTask* FrameStage::upload(const std::vector<CropPlan>& given, const InputRule& rule) {
  std::vector<CropPlan> plans;
  std::vector<cv::Mat> pixels;
  for (const CropPlan& plan : given) {
    const bool direct = is_read_by_kernel(plan.view);
    if (!direct) pixels.push_back(rgb_region(plan.view, plan.region));
    plans.push_back(direct ? plan : plan_from_pixels(plan, pixels.back()));
  }
  std::vector<std::vector<PlanePart>> parts;
  std::size_t bytes = plans.size() * sizeof(CropTask);
  for (const CropPlan& plan : plans) {
    if (plan.view.memory == Memory::kHost) {
      parts.push_back(needed_parts(plan.view, plan.region));
    } else {
      DFD_REQUIRE(plan.view.device_index == device_.index(), ErrorCode::kInvalidArgument,
                  "a frame in the memory of CUDA device " << plan.view.device_index
                                                          << ", but the model is on device "
                                                          << static_cast<int>(device_.index()));
      parts.emplace_back();
    }
    for (const PlanePart& part : parts.back()) bytes += part.bytes();
  }
  const auto needed = static_cast<std::int64_t>(bytes);
  if (!host_.defined() || host_.numel() < needed) {
    const auto options = at::TensorOptions().dtype(at::kByte);
    host_ = at::empty({needed * 2}, options.pinned_memory(true));
    staged_ = at::empty({needed * 2}, options.device(device_));
  }

  auto* const host = host_.data_ptr<std::uint8_t>();
  const std::uint8_t* const staged = staged_.data_ptr<std::uint8_t>();
  std::size_t used = plans.size() * sizeof(CropTask);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    FrameView view = plans[i].view;
    PlaneOrigins origins;
    for (const PlanePart& part : parts[i]) {
      copy_part(plans[i].view, part, host + used);
      view.planes[part.plane] = {staged + used, static_cast<std::ptrdiff_t>(part.row_bytes())};
      origins[part.plane] = part.samples.tl();
      used += part.bytes();
    }
    const CropTask task = make_task(view, plans[i].region, grid_of(plans[i], rule), origins);
    std::memcpy(host + i * sizeof(CropTask), &task, sizeof(CropTask));
  }
  staged_.narrow(0, 0, needed).copy_(host_.narrow(0, 0, needed), /*non_blocking=*/true);
  return reinterpret_cast<const CropTask*>(staged);
}

}  // namespace dfd
