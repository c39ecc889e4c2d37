// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Detections become faces that keep their id over time. Pure logic: no pixels.

#pragma once

#include <chrono>
#include <vector>

#include "detector/frame.h"
#include "detector/report.h"
#include "face/face_detector.h"

namespace dfd {

struct TrackedFace {
  TrackId id = 0;
  FaceDetection face;
  bool visible = true;  // Found by the newest detection.
  Timestamp last_seen{};
};

struct TrackerConfig {
  // Two boxes of one face that moved by half its width still overlap by a third.
  float min_iou = 0.3F;
  std::chrono::nanoseconds lost_after{1000000000};  // Unseen for longer, a track ends.
};

// Matches by intersection over union, best pair first. Between detections a face stays where it was
// seen last. Ids rise and are never reused. Thread-compatible.
class FaceTracker {
 public:
  explicit FaceTracker(const TrackerConfig& config) : config_(config) {}

  void update(const std::vector<FaceDetection>& detections, Timestamp time);
  void predict(Timestamp time);  // A frame without detection.

  const std::vector<TrackedFace>& faces() const { return faces_; }  // By ascending id.
  std::vector<TrackId> take_ended();  // Tracks that ended since the last call.
  void end_all();

 private:
  void end_lost(Timestamp time);

  TrackerConfig config_;
  TrackId next_id_ = 1;
  std::vector<TrackedFace> faces_;
  std::vector<TrackId> ended_;
};

}  // namespace dfd
