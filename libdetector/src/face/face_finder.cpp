// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_finder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/picture.h"

namespace dfd {
namespace {

// Small frames are not reduced below this: detection there is cheap, and more faces are found.
constexpr double kLongSideKept = 480;

// Faces that are followed are looked for this many times as often, when there are frames. Boxes
// that are only predicted miss a walker's face within half a second (docs/lab/faces.md).
constexpr int kLooks = 5;

double reduction(const cv::Size& frame, int min_face_size, int comfortable_size) {
  const double by_face = static_cast<double>(comfortable_size) / min_face_size;
  const double by_frame = kLongSideKept / std::max(frame.width, frame.height);
  return std::min(1.0, std::max(by_face, by_frame));
}

}  // namespace

bool FaceFinder::due(Timestamp time) const {
  return !last_detection_ || time - *last_detection_ >= config_.detection_interval;
}

std::vector<FaceDetection> detect_reduced(FaceDetector& detector, const FrameView& view,
                                          int min_face_size) {
  const cv::Size frame = upright_size(view);
  const double scale = reduction(frame, min_face_size, detector.comfortable_size());
  const cv::Size size(std::max(1, static_cast<int>(std::lround(frame.width * scale))),
                      std::max(1, static_cast<int>(std::lround(frame.height * scale))));
  const int smallest = static_cast<int>(std::lround(min_face_size * scale));
  std::vector<FaceDetection> faces =
      detector.detect(reduced_rgb(view, size), std::max(1, smallest));
  const float x = static_cast<float>(frame.width) / static_cast<float>(size.width);
  const float y = static_cast<float>(frame.height) / static_cast<float>(size.height);
  for (FaceDetection& face : faces) transform(face, {x, y}, {});
  return faces;
}

const std::vector<TrackedFace>& FaceFinder::find(const FrameView& view, const cv::Mat& thumbnail,
                                                 Timestamp time) {
  time = risen(time);
  heed_cut(thumbnail);
  if (due(time)) {
    last_detection_ = time;
    update(detect_reduced(*detector_, view, config_.min_face_size), time);
    return tracker_.faces();
  }
  tracker_.predict(time);
  const std::vector<RectF> expected = tracker_.expected();
  if (!expected.empty() && time - last_look_ >= config_.detection_interval / kLooks) {
    update(detector_->detect_near(view, expected), time);
  }
  return tracker_.faces();
}

const std::vector<TrackedFace>& FaceFinder::follow(std::vector<FaceDetection> faces,
                                                   const cv::Mat& thumbnail, Timestamp time) {
  time = risen(time);
  heed_cut(thumbnail);
  // Faces are taken once an interval, so nearly two may pass between frames that had some.
  const bool silent = !last_detection_ || time - *last_detection_ >= 2 * config_.detection_interval;
  if (!faces.empty() || silent) {
    last_detection_ = time;
    sort_largest_first(faces);
    update(std::move(faces), time);
  } else {
    tracker_.predict(time);
  }
  return tracker_.faces();
}

// Filters cannot predict backwards.
Timestamp FaceFinder::risen(Timestamp time) {
  newest_ = newest_ ? std::max(*newest_, time) : time;
  return *newest_;
}

void FaceFinder::heed_cut(const cv::Mat& thumbnail) {
  if (!shots_.is_cut(thumbnail)) return;
  tracker_.end_all();  // What stood here stands elsewhere now, or nowhere.
  last_detection_.reset();
}

// faces: largest first.
void FaceFinder::update(std::vector<FaceDetection> faces, Timestamp time) {
  if (faces.size() > static_cast<std::size_t>(config_.max_faces)) {
    faces.resize(static_cast<std::size_t>(config_.max_faces));
  }
  tracker_.update(faces, time);
  last_look_ = time;
}

void FaceFinder::end_all() {
  shots_ = ShotWatch();
  tracker_.end_all();
  last_detection_.reset();
  newest_.reset();
}

}  // namespace dfd
