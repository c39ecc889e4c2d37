// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/input.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/picture.h"

namespace dfd {
namespace {

// facenet-pytorch's extract_face: the margin is given in pixels of the output, and the corners are
// truncated, so the left and top edges round outwards.
cv::Rect box_with_margin(const RectF& box, const InputRule& rule, const FrameView& view) {
  const double grow = rule.margin / (rule.size - rule.margin) / 2;
  const double x = box.width * grow;
  const double y = box.height * grow;
  const auto inside = [](double value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
  };
  const cv::Point first(inside(box.x - x, view.width), inside(box.y - y, view.height));
  const cv::Point second(inside(box.x + box.width + x, view.width),
                         inside(box.y + box.height + y, view.height));
  return {first, second};
}

}  // namespace

cv::Mat crop_input(const FrameView& view, const std::optional<RectF>& box, const InputRule& rule) {
  check_view(view);
  const cv::Rect region =
      box ? box_with_margin(*box, rule, view) : cv::Rect(0, 0, view.width, view.height);
  if (region.empty()) return {};
  return resize_bilinear(rgb_region(view, region), {rule.size, rule.size});
}

at::Tensor to_network_input(const std::vector<cv::Mat>& crops, const InputRule& rule) {
  DFD_CHECK(!crops.empty());
  const auto size = static_cast<std::int64_t>(rule.size);
  const auto count = static_cast<std::int64_t>(crops.size());
  at::Tensor bytes = at::empty({count, size, size, 3}, at::kByte);
  auto* out = bytes.data_ptr<std::uint8_t>();
  for (const cv::Mat& crop : crops) {
    DFD_CHECK(crop.type() == CV_8UC3 && crop.rows == rule.size && crop.cols == rule.size);
    for (int y = 0; y < crop.rows; ++y) {
      const auto row = static_cast<std::size_t>(crop.cols) * 3;
      std::memcpy(out, crop.ptr(y), row);
      out += row;
    }
  }
  // [N, H, W, C] seen as [N, C, H, W] is channels-last already: nothing is moved.
  at::Tensor input = bytes.to(at::kFloat).permute({0, 3, 1, 2});
  const auto channel = [](const std::array<double, 3>& values) {
    return at::tensor({static_cast<float>(values[0]), static_cast<float>(values[1]),
                       static_cast<float>(values[2])})
        .view({1, 3, 1, 1});
  };
  return input.sub_(channel(rule.mean)).div_(channel(rule.std));
}

}  // namespace dfd
