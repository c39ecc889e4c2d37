// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_finder.h"

#include <algorithm>
#include <cmath>

#include "base/picture.h"

namespace dfd {
namespace {

// Faces are looked for down to this part of min-face-size, so that one that is too small to be
// scored is reported as such instead of being missed.
constexpr double kSearchedPart = 0.6;

// Shorter side of the smallest face looked for, in the reduced picture. The cascade's window of 24
// pixels holds a face 17 wide.
constexpr double kSmallestSearched = 19;

// Small frames are not reduced below this: detection there is cheap, and more faces are found.
constexpr double kLongSideKept = 480;

double reduction(const FrameView& view, int min_face_size) {
  const double by_face = kSmallestSearched / (kSearchedPart * min_face_size);
  const double by_frame = kLongSideKept / std::max(view.width, view.height);
  return std::min(1.0, std::max(by_face, by_frame));
}

}  // namespace

bool FaceFinder::due(Timestamp time) const {
  return !last_detection_ || time - *last_detection_ >= config_.detection_interval;
}

std::vector<FaceDetection> FaceFinder::detect(const FrameView& view) {
  const double scale = reduction(view, config_.min_face_size);
  const cv::Size size(std::max(1, static_cast<int>(std::lround(view.width * scale))),
                      std::max(1, static_cast<int>(std::lround(view.height * scale))));
  const int smallest = static_cast<int>(kSearchedPart * config_.min_face_size * scale);
  std::vector<FaceDetection> faces =
      detector_.detect(reduced_rgb(view, size), std::max(1, smallest));
  if (faces.size() > static_cast<std::size_t>(config_.max_faces)) {
    faces.resize(static_cast<std::size_t>(config_.max_faces));
  }
  const float x = static_cast<float>(view.width) / static_cast<float>(size.width);
  const float y = static_cast<float>(view.height) / static_cast<float>(size.height);
  for (FaceDetection& face : faces) {
    face.box = {face.box.x * x, face.box.y * y, face.box.width * x, face.box.height * y};
    for (PointF& point : face.landmarks) point = {point.x * x, point.y * y};
  }
  return faces;
}

const std::vector<TrackedFace>& FaceFinder::find(const FrameView& view, Timestamp time) {
  check_view(view);
  if (due(time)) {
    tracker_.update(detect(view), time);
    last_detection_ = time;
  } else {
    tracker_.predict(time);
  }
  return tracker_.faces();
}

void FaceFinder::end_all() {
  tracker_.end_all();
  last_detection_.reset();
}

}  // namespace dfd
