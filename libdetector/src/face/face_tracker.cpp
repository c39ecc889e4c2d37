// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_tracker.h"

#include <algorithm>
#include <utility>

namespace dfd {

void FaceTracker::update(const std::vector<FaceDetection>& detections, Timestamp time) {
  struct Pair {
    float overlap;
    std::size_t face, detection;
  };
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < faces_.size(); ++i) {
    faces_[i].visible = false;
    for (std::size_t j = 0; j < detections.size(); ++j) {
      const float overlap = iou(faces_[i].face.box, detections[j].box);
      if (overlap >= config_.min_iou) pairs.push_back({overlap, i, j});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.overlap > b.overlap; });
  std::vector<bool> used(detections.size(), false);
  const auto see = [&](TrackedFace& face, std::size_t detection) {
    face.face = detections[detection];
    face.visible = true;
    face.last_seen = time;
    used[detection] = true;
  };
  for (const Pair& pair : pairs) {
    TrackedFace& face = faces_[pair.face];
    if (!face.visible && !used[pair.detection]) see(face, pair.detection);
  }
  for (std::size_t j = 0; j < detections.size(); ++j) {
    if (used[j]) continue;
    faces_.emplace_back();
    faces_.back().id = next_id_++;
    see(faces_.back(), j);
  }
  end_lost(time);
}

void FaceTracker::predict(Timestamp time) { end_lost(time); }

void FaceTracker::end_lost(Timestamp time) {
  const auto lost = [&](const TrackedFace& face) {
    return !face.visible && time - face.last_seen > config_.lost_after;
  };
  for (const TrackedFace& face : faces_) {
    if (lost(face)) ended_.push_back(face.id);
  }
  faces_.erase(std::remove_if(faces_.begin(), faces_.end(), lost), faces_.end());
}

void FaceTracker::end_all() {
  for (const TrackedFace& face : faces_) ended_.push_back(face.id);
  faces_.clear();
}

std::vector<TrackId> FaceTracker::take_ended() { return std::exchange(ended_, {}); }

}  // namespace dfd
