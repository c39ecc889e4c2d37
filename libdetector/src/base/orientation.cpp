// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/orientation.h"

#include <utility>

namespace dfd {
namespace {

// From stored to upright: rows and columns change places first, then the upright picture is
// mirrored.
struct Steps {
  bool transpose, mirror, flip;
};

Steps steps_of(Orientation orientation) {
  switch (orientation) {
    case Orientation::kIdentity:
      return {false, false, false};
    case Orientation::kRotate90:
      return {true, true, false};
    case Orientation::kRotate180:
      return {false, true, true};
    case Orientation::kRotate270:
      return {true, false, true};
    case Orientation::kMirror:
      return {false, true, false};
    case Orientation::kFlip:
      return {false, false, true};
    case Orientation::kTranspose:
      return {true, false, false};
    case Orientation::kTransverse:
      return {true, true, true};
  }
  return {false, false, false};
}

// Rect: cv::Rect_ or RectF. width, height: of the upright picture.
template <typename Rect, typename Number>
Rect mirrored(Rect rect, const Steps& steps, Number width, Number height) {
  if (steps.mirror) rect.x = width - rect.x - rect.width;
  if (steps.flip) rect.y = height - rect.y - rect.height;
  return rect;
}

template <typename Rect>
Rect transposed(Rect rect, const Steps& steps) {
  if (!steps.transpose) return rect;
  std::swap(rect.x, rect.y);
  std::swap(rect.width, rect.height);
  return rect;
}

// cv::flip's code: 0 exchanges top and bottom, 1 left and right, -1 both.
cv::Mat flipped(const cv::Mat& picture, const Steps& steps) {
  if (!steps.mirror && !steps.flip) return picture;
  cv::Mat turned;
  cv::flip(picture, turned, steps.mirror && steps.flip ? -1 : static_cast<int>(steps.mirror));
  return turned;
}

cv::Mat transposed(const cv::Mat& picture, const Steps& steps) {
  if (!steps.transpose) return picture;
  cv::Mat turned;
  cv::transpose(picture, turned);
  return turned;
}

cv::Mat cells_of(const Heatmap& map) { return cv::Mat(map.cells).reshape(1, map.rows); }

Heatmap map_of(const cv::Mat& cells) {
  const cv::Mat together = cells.isContinuous() ? cells : cells.clone();
  return {cells.cols, cells.rows, {together.begin<float>(), together.end<float>()}};
}

}  // namespace

cv::Size upright_size(const Turn& turn) {
  return steps_of(turn.orientation).transpose ? cv::Size(turn.stored.height, turn.stored.width)
                                              : turn.stored;
}

RectF to_upright(const RectF& stored, const Turn& turn) {
  const Steps steps = steps_of(turn.orientation);
  const cv::Size size = upright_size(turn);
  return mirrored(transposed(stored, steps), steps, static_cast<float>(size.width),
                  static_cast<float>(size.height));
}

RectF to_stored(const RectF& upright, const Turn& turn) {
  const Steps steps = steps_of(turn.orientation);
  const cv::Size size = upright_size(turn);
  return transposed(
      mirrored(upright, steps, static_cast<float>(size.width), static_cast<float>(size.height)),
      steps);
}

cv::Rect to_upright(const cv::Rect& stored, const Turn& turn) {
  const Steps steps = steps_of(turn.orientation);
  const cv::Size size = upright_size(turn);
  return mirrored(transposed(stored, steps), steps, size.width, size.height);
}

cv::Rect to_stored(const cv::Rect& upright, const Turn& turn) {
  const Steps steps = steps_of(turn.orientation);
  const cv::Size size = upright_size(turn);
  return transposed(mirrored(upright, steps, size.width, size.height), steps);
}

cv::Mat to_upright(const cv::Mat& stored, Orientation orientation) {
  const Steps steps = steps_of(orientation);
  return flipped(transposed(stored, steps), steps);
}

Heatmap to_upright(const Heatmap& stored, Orientation orientation) {
  return map_of(to_upright(cells_of(stored), orientation));
}

Heatmap to_stored(const Heatmap& upright, Orientation orientation) {
  const Steps steps = steps_of(orientation);
  return map_of(transposed(flipped(cells_of(upright), steps), steps));
}

}  // namespace dfd
