// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_detector.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/file.h"
#include "base/picture.h"
#include "detector/engine.h"
#include "face/yunet_detector.h"

namespace dfd {
namespace {

// How far around an expected box is looked, in its shorter sides: a face that crosses the picture
// in two seconds stays within for a fifth of one.
constexpr float kReach = 3;

// Faces may have come farther away since, or be expected too large.
constexpr float kSmallest = 0.7F;

// So that no face is seen in two tiles that touch.
constexpr int kTileGap = 8;

// A face may stand out of its tile by this part of its width; more is one that the tile has cut.
// The frame's own edge may cut half of it.
constexpr float kOverhang = 0.1F;
constexpr float kOverhangOfFrame = 0.5F;

constexpr float kSameFace = 0.5F;  // Intersection over union.

// A part of the frame, and where it stands in the picture of all parts.
struct Tile {
  cv::Rect region;
  cv::Rect place;
};

Tile make_tile(const FrameView& view, const RectF& box, cv::Point place, int followed_size) {
  const float shorter = std::max(1.F, std::min(box.width, box.height));
  const float scale = std::min(1.F, static_cast<float>(followed_size) / shorter);
  const float reach = kReach * static_cast<float>(followed_size) / scale / 2;
  const float x = box.x + box.width / 2;
  const float y = box.y + box.height / 2;
  const auto inside = [](float value, int limit) {
    return static_cast<int>(std::clamp(value, 0.F, static_cast<float>(limit)));
  };
  const cv::Size frame = upright_size(view);
  const cv::Point first(inside(x - reach, frame.width), inside(y - reach, frame.height));
  const cv::Point last(inside(x + reach, frame.width), inside(y + reach, frame.height));
  Tile tile;
  if (last.x - first.x < 2 || last.y - first.y < 2) return tile;  // Out of the picture.
  tile.region = whole_samples(view, {first, last});
  const auto reduced = [&](int length) {
    return std::max(1, static_cast<int>(static_cast<float>(length) * scale));
  };
  tile.place = {place, cv::Size(reduced(tile.region.width), reduced(tile.region.height))};
  return tile;
}

// A face found in the picture of all tiles, in pixels of the frame, when it stands whole in this
// one.
std::optional<FaceDetection> in_frame(const Tile& tile, const cv::Size& frame, FaceDetection face) {
  const RectF& box = face.box;
  const cv::Rect& region = tile.region;
  const auto x = static_cast<float>(tile.place.x);
  const auto y = static_cast<float>(tile.place.y);
  const auto is_cut = [&](float outside, bool by_frame) {
    return outside > (by_frame ? kOverhangOfFrame : kOverhang) * box.width;
  };
  if (tile.place.empty() || is_cut(x - box.x, region.x == 0) || is_cut(y - box.y, region.y == 0) ||
      is_cut(box.x + box.width - x - static_cast<float>(tile.place.width),
             region.x + region.width == frame.width) ||
      is_cut(box.y + box.height - y - static_cast<float>(tile.place.height),
             region.y + region.height == frame.height)) {
    return std::nullopt;
  }
  const PointF scale{
      static_cast<float>(tile.region.width) / static_cast<float>(tile.place.width),
      static_cast<float>(tile.region.height) / static_cast<float>(tile.place.height)};
  transform(face, scale,
            {static_cast<float>(tile.region.x) - x * scale.x,
             static_cast<float>(tile.region.y) - y * scale.y});
  return face;
}

// Tiles overlap in the frame, so a face may have been found in several.
void drop_twins(std::vector<FaceDetection>& faces) {
  std::stable_sort(faces.begin(), faces.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  std::vector<FaceDetection> kept;
  for (const FaceDetection& face : faces) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const FaceDetection& other) {
      return iou(face.box, other.box) > kSameFace;
    });
    if (!known) kept.push_back(face);
  }
  faces = std::move(kept);
}

}  // namespace

void sort_largest_first(std::vector<FaceDetection>& faces) {
  std::stable_sort(faces.begin(), faces.end(), [](const FaceDetection& a, const FaceDetection& b) {
    return a.box.width * a.box.height > b.box.width * b.box.height;
  });
}

void transform(FaceDetection& face, PointF scale, PointF shift) {
  face.box = {face.box.x * scale.x + shift.x, face.box.y * scale.y + shift.y,
              face.box.width * scale.x, face.box.height * scale.y};
  if (!face.landmarks) return;
  for (PointF& point : *face.landmarks) {
    point = {point.x * scale.x + shift.x, point.y * scale.y + shift.y};
  }
}

std::vector<FaceDetection> FaceDetector::detect_near(const FrameView& view,
                                                     const std::vector<RectF>& expected) {
  if (expected.empty()) return {};
  const int side = static_cast<int>(kReach * static_cast<float>(followed_size()));
  std::vector<Tile> tiles;
  const int columns = static_cast<int>(std::ceil(std::sqrt(expected.size())));
  for (const RectF& box : expected) {
    const auto number = static_cast<int>(tiles.size());
    const cv::Point place(number % columns * (side + kTileGap),
                          number / columns * (side + kTileGap));
    tiles.push_back(make_tile(view, box, place, followed_size()));
  }
  const int rows = (static_cast<int>(tiles.size()) + columns - 1) / columns;
  cv::Mat picture(rows * (side + kTileGap), columns * (side + kTileGap), CV_8UC3,
                  cv::Scalar::all(128));
  for (const Tile& tile : tiles) {
    if (tile.place.empty()) continue;
    reduced_rgb(view, tile.region, tile.place.size()).copyTo(picture(tile.place));
  }
  const int smallest = static_cast<int>(kSmallest * static_cast<float>(followed_size()));
  std::vector<FaceDetection> faces;
  for (const FaceDetection& found : detect(picture, smallest)) {
    for (const Tile& tile : tiles) {
      if (const auto face = in_frame(tile, upright_size(view), found)) faces.push_back(*face);
    }
  }
  drop_twins(faces);
  sort_largest_first(faces);
  return faces;
}

bool same_boxes(const std::string& one, const std::string& other) {
  const auto is_tight = [](const std::string& name) { return name == "mtcnn" || name == "yunet"; };
  const bool any = one == kAnyDetector || other == kAnyDetector;
  return any || one == other || (is_tight(one) && is_tight(other));
}

std::unique_ptr<FaceDetector> open_face_model(const std::string& path,
                                              const MtcnnOptions& options) {
  {
    const MappedFile file(path);
    if (looks_like_onnx(file.data(), file.size())) return make_yunet_detector(path);
    DFD_REQUIRE(looks_like_safetensors(file.data(), file.size()), ErrorCode::kUnsupportedModel,
                path << ": neither YuNet (ONNX) nor MTCNN's weights (safetensors, which "
                        "deepfake-trainer import mtcnn makes)");
  }
  return make_mtcnn_detector(path, options);
}

std::unique_ptr<FaceDetector> make_face_detector(const std::string& face_model_file,
                                                 CropRule crop) {
  DFD_REQUIRE(crop != CropRule::kAligned || !face_model_file.empty(), ErrorCode::kInvalidArgument,
              "faces are to be aligned by their landmarks, which OpenCV's cascade does not find: "
              "give YuNet or MTCNN's weights (face-model-file of the element, --face-model of the "
              "trainer; docs/training.md, \"Faces\", says where they are)");
  if (face_model_file.empty()) return make_cascade_detector();
  return open_face_model(face_model_file, kLiveMtcnn);
}

}  // namespace dfd
