// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/input.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <opencv2/calib3d.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/picture.h"
#include "base/resize.h"

namespace dfd {
namespace {

// facenet-pytorch's extract_face: the margin is given in pixels of the output, and the corners are
// truncated, so the left and top edges round outwards.
cv::Rect box_with_margin(const RectF& box, const InputRule& rule, const cv::Size& frame) {
  const double grow = rule.margin / (rule.size - rule.margin) / 2;
  const double x = box.width * grow;
  const double y = box.height * grow;
  const auto inside = [](double value, int limit) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
  };
  const cv::Point first(inside(box.x - x, frame.width), inside(box.y - y, frame.height));
  const cv::Point second(inside(box.x + box.width + x, frame.width),
                         inside(box.y + box.height + y, frame.height));
  return {first, second};
}

// Where the landmarks lie in the square that the face fills, in parts of its side: those of GenD's
// preprocessing.
constexpr FaceLandmarks kTemplate{PointF{0.34F, 0.46F}, PointF{0.66F, 0.46F}, PointF{0.5F, 0.64F},
                                  PointF{0.37F, 0.82F}, PointF{0.63F, 0.82F}};

// From frame to crop, as CropPlan has it. None when the landmarks tell nothing.
std::optional<cv::Matx23d> alignment(const FaceLandmarks& landmarks, const InputRule& rule) {
  std::vector<cv::Point2d> from;
  std::vector<cv::Point2d> to;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    const auto place = [&](float part) {
      return ((part - 0.5) / rule.margin + 0.5) * static_cast<double>(rule.size);
    };
    from.emplace_back(landmarks[i].x, landmarks[i].y);
    to.emplace_back(place(kTemplate[i].x), place(kTemplate[i].y));
  }
  const cv::Mat similarity = cv::estimateAffinePartial2D(from, to, cv::noArray(), cv::LMEDS);
  if (similarity.empty() || !cv::checkRange(similarity)) return std::nullopt;
  return cv::Matx23d(similarity.ptr<double>());
}

// The part of one axis that a crop from low to high reads, where what is outside [0, limit) is
// mirrored.
cv::Range needed(double low, double high, int limit) {
  const double first = std::min(low, high > limit ? 2.0 * limit - high : low);
  const double last = std::max(high, low < 0 ? -low : high);
  // One pixel more for the interpolation.
  const auto inside = [&](double value) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
  };
  return {inside(std::floor(first) - 1), inside(std::ceil(last) + 1)};
}

// From frame to crop, as CropPlan has it. None for a box without a side.
std::optional<cv::Matx23d> square_around(const RectF& box, const InputRule& rule) {
  const double side = rule.margin * std::max(double{box.width}, double{box.height});
  if (!(side > 0)) return std::nullopt;
  const double scale = rule.size / side;
  const auto move = [&](double low, double length) {
    return (side / 2 - (low + length / 2)) * scale;
  };
  return cv::Matx23d(scale, 0, move(box.x, box.width), 0, scale, move(box.y, box.height));
}

// Of a crop that may reach out of the frame.
std::optional<CropPlan> plan_mirrored(const FrameView& view,
                                      const std::optional<cv::Matx23d>& to_crop,
                                      const InputRule& rule) {
  if (!to_crop) return std::nullopt;
  CropPlan plan{view, {}, to_crop};
  const cv::Rect2d square = outline_of(plan, rule);
  const double right = square.x + square.width;
  const double bottom = square.y + square.height;
  const cv::Size frame = upright_size(view);
  if (right <= 0 || bottom <= 0 || square.x >= frame.width || square.y >= frame.height) {
    return std::nullopt;
  }
  const cv::Range columns = needed(square.x, right, frame.width);
  const cv::Range rows = needed(square.y, bottom, frame.height);
  plan.region = {columns.start, rows.start, columns.size(), rows.size()};
  return plan;
}

}  // namespace

std::optional<CropPlan> plan_frame(const FrameView& view, const InputRule& /*rule*/) {
  check_view(view);
  return CropPlan{view, {{}, upright_size(view)}, std::nullopt};
}

std::optional<CropPlan> plan_face(const FrameView& view, const RectF& box,
                                  const std::optional<FaceLandmarks>& landmarks,
                                  const InputRule& rule) {
  check_view(view);
  if (rule.crop == CropRule::kAligned) {
    DFD_CHECK(landmarks.has_value());
    return plan_mirrored(view, alignment(*landmarks, rule), rule);
  }
  if (rule.crop == CropRule::kSquare) {
    return plan_mirrored(view, square_around(box, rule), rule);
  }
  const cv::Rect region = box_with_margin(box, rule, upright_size(view));
  if (region.empty()) return std::nullopt;
  return CropPlan{view, region, std::nullopt};
}

cv::Rect2d outline_of(const CropPlan& plan, const InputRule& rule) {
  if (!plan.to_crop) return plan.region;
  cv::Mat to_frame;
  cv::invertAffineTransform(*plan.to_crop, to_frame);
  const auto side = static_cast<double>(rule.size);
  std::vector<cv::Point2d> corners{{0, 0}, {side, 0}, {0, side}, {side, side}};
  cv::transform(corners, corners, to_frame);
  const auto [left, right] = std::minmax({corners[0].x, corners[1].x, corners[2].x, corners[3].x});
  const auto [top, bottom] = std::minmax({corners[0].y, corners[1].y, corners[2].y, corners[3].y});
  return {left, top, right - left, bottom - top};
}

CropGrid grid_of(const CropPlan& plan, const InputRule& rule) {
  if (!plan.to_crop) return {{rule.size, rule.size}, std::nullopt};
  const cv::Rect& region = plan.region;
  const cv::Matx23d& to_crop = *plan.to_crop;
  const double scale = std::min(1.0, std::hypot(to_crop(0, 0), to_crop(1, 0)));
  const auto reduced = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  const cv::Size size(reduced(region.width), reduced(region.height));
  const cv::Matx33d from_grid(static_cast<double>(region.width) / size.width, 0, region.x, 0,
                              static_cast<double>(region.height) / size.height, region.y, 0, 0, 1);
  cv::Matx23d matrix = to_crop * from_grid;
  for (int i = 0; i < 2; ++i) matrix(i, 2) += (matrix(i, 0) + matrix(i, 1)) / 2 - 0.5;
  return {size, matrix};
}

cv::Mat make_crop(const CropPlan& plan, const InputRule& rule) {
  const CropGrid grid = grid_of(plan, rule);
  cv::Mat pixels = resize_bilinear(rgb_region(plan.view, plan.region), grid.size);
  if (!grid.to_crop) return pixels;
  cv::Mat crop;
  cv::warpAffine(pixels, crop, *grid.to_crop, {rule.size, rule.size}, cv::INTER_LINEAR,
                 cv::BORDER_REFLECT);
  return crop;
}

cv::Mat crop_frame(const FrameView& view, const InputRule& rule) {
  return make_crop(*plan_frame(view, rule), rule);
}

cv::Mat crop_face(const FrameView& view, const RectF& box,
                  const std::optional<FaceLandmarks>& landmarks, const InputRule& rule) {
  const std::optional<CropPlan> plan = plan_face(view, box, landmarks, rule);
  return plan ? make_crop(*plan, rule) : cv::Mat();
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
