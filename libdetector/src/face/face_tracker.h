// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Detections become faces that keep their id over time. Pure logic, no pixels; everything is
// measured in time, so that slow, fast and irregular frame rates behave alike.

#pragma once

#include <chrono>
#include <vector>

#include "detector/frame.h"
#include "detector/report.h"
#include "face/box_filter.h"
#include "face/face_detector.h"

namespace dfd {

struct TrackedFace {
  TrackId id = 0;
  FaceDetection face;   // The detection seen last, its box and landmarks moved to now.
  bool visible = true;  // Found by the newest detection.
  Timestamp last_seen{};
};

struct TrackerConfig {
  // Two boxes of one face that moved by half its width still overlap by a third. What overlaps less
  // is matched where the filter thinks it possible.
  float min_iou = 0.3F;
  // Unseen for longer, a face is away: no longer among the faces. exchange() may bring it back
  // until it has been remembered for so long, then its track ends.
  std::chrono::nanoseconds lost_after{1000000000};
  std::chrono::nanoseconds remembered{0};
  // False finds are unsure, and come and go. A sure face is a track at once, others need a second
  // hit; and until there were so many hits, or a sure one, a track does not survive a miss.
  float sure_confidence = 0.9F;
  int hits_to_confirm = 2;
  int hits_to_trust = 5;
};

// Kalman filters, matched with detections by the Hungarian method on intersection over union. Ids
// rise and are never reused. Times must not fall. Thread-compatible.
class FaceTracker {
 public:
  explicit FaceTracker(const TrackerConfig& config) : config_(config) {}

  void update(const std::vector<FaceDetection>& detections, Timestamp time);
  void predict(Timestamp time);  // A frame without detection.

  const std::vector<TrackedFace>& faces() const { return faces_; }  // By ascending id.
  std::vector<RectF> expected() const;  // Where each track that is not away ought to be now.
  std::vector<TrackId> unseen() const;  // Not found by the newest detection, or away.

  // Each takes the other's face, box and speed: what boxes alone got wrong.
  void exchange(TrackId a, TrackId b);
  void end(TrackId id);
  // TrackerConfig's lost_after and remembered, from now on.
  void keep_for(std::chrono::nanoseconds unseen, std::chrono::nanoseconds away) {
    config_.lost_after = unseen;
    config_.remembered = away;
  }

  std::vector<TrackId> take_ended();  // Tracks that ended since the last call.
  void end_all();

 private:
  struct Track {
    TrackId id = 0;  // 0: not confirmed yet.
    BoxFilter filter;
    FaceDetection seen;
    Timestamp last_seen;
    int hits = 1;
    bool visible = true;
    bool trusted = false;
    bool away = false;
  };

  Track* find(TrackId id);
  void move_to(Timestamp time);
  void see(Track& track, const FaceDetection& detection, Timestamp time);
  void confirm(Track& track);
  void end_lost(Timestamp time);
  void publish();

  TrackerConfig config_;
  TrackId next_id_ = 1;
  std::vector<Track> tracks_;
  std::vector<TrackedFace> faces_;
  std::vector<TrackId> ended_;
};

}  // namespace dfd
