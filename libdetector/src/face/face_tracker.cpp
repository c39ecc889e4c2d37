// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_tracker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "face/assignment.h"

namespace dfd {
namespace {

// How long an unseen face is thought to move on. Hidden faces stop more often than they pass.
constexpr std::chrono::milliseconds kCoast{500};

// A detection may also belong to a face whose predicted box it misses, when it lies where the face
// could have gone and is of its size. Six standard deviations, squared: heads jerk, and with
// the 9.2 that hold 99 % of a normal distribution a singer who nods was lost twice in four seconds.
// And as much as a face that comes nearer grows in half a second.
constexpr float kFarthest = 36;
constexpr float kMostGrowth = 1.6F;

// What such a pair is worth at most; any pair that overlaps enough is worth more.
constexpr float kNearness = 0.25F;

float gain_of(const BoxFilter& filter, const RectF& detected, float min_iou) {
  const RectF box = filter.box();
  const float overlap = iou(box, detected);
  if (overlap >= min_iou) return overlap;
  const float growth = box.height / detected.height;
  const float distance = filter.distance(detected);
  if (distance > kFarthest || growth > kMostGrowth || growth < 1 / kMostGrowth) return 0;
  return kNearness * std::exp(-distance / kFarthest);
}

// The landmarks keep their place in the box.
FaceDetection moved(FaceDetection face, const RectF& box) {
  const RectF& from = face.box;
  if (face.landmarks) {
    for (PointF& point : *face.landmarks) {
      point.x = box.x + (point.x - from.x) / from.width * box.width;
      point.y = box.y + (point.y - from.y) / from.height * box.height;
    }
  }
  face.box = box;
  return face;
}

}  // namespace

void FaceTracker::move_to(Timestamp time) {
  for (Track& track : tracks_) {
    track.filter.predict(track.visible ? time : std::min(time, track.last_seen + kCoast));
  }
}

void FaceTracker::see(Track& track, const FaceDetection& detection, Timestamp time) {
  if (time - track.last_seen > kCoast) {
    track.filter = BoxFilter(detection.box, time);  // Its old speed says nothing any more.
  } else {
    track.filter.correct(detection.box, detection.confidence);
  }
  track.seen = detection;
  track.last_seen = time;
  track.visible = true;
  ++track.hits;
}

void FaceTracker::confirm(Track& track) {
  const bool sure = track.seen.confidence >= config_.sure_confidence;
  track.trusted = track.trusted || sure || track.hits >= config_.hits_to_trust;
  if (track.id == 0 && (sure || track.hits >= config_.hits_to_confirm)) track.id = next_id_++;
}

void FaceTracker::update(const std::vector<FaceDetection>& detections, Timestamp time) {
  move_to(time);
  std::vector<std::vector<float>> gain(tracks_.size(), std::vector<float>(detections.size(), 0.F));
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    for (std::size_t j = 0; j < detections.size(); ++j) {
      if (tracks_[i].away || detections[j].box.empty()) continue;
      gain[i][j] = gain_of(tracks_[i].filter, detections[j].box, config_.min_iou);
    }
  }
  std::vector<bool> used(detections.size(), false);
  const std::vector<int> partner = assign(gain);
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    tracks_[i].visible = false;
    if (partner[i] == kUnassigned) continue;
    const auto found = static_cast<std::size_t>(partner[i]);
    used[found] = true;
    see(tracks_[i], detections[found], time);
  }
  for (std::size_t j = 0; j < detections.size(); ++j) {
    if (used[j] || detections[j].box.empty()) continue;
    tracks_.push_back({0, BoxFilter(detections[j].box, time), detections[j], time});
  }
  for (Track& track : tracks_) confirm(track);
  end_lost(time);
  publish();
}

void FaceTracker::predict(Timestamp time) {
  move_to(time);
  end_lost(time);
  publish();
}

void FaceTracker::end_lost(Timestamp time) {
  for (Track& track : tracks_) {
    track.away = !track.visible && (track.away || time - track.last_seen > config_.lost_after);
  }
  const auto lost = [&](const Track& track) {
    if (!track.trusted) return !track.visible;
    return track.away && time - track.last_seen > config_.lost_after + config_.remembered;
  };
  for (const Track& track : tracks_) {
    if (lost(track) && track.id != 0) ended_.push_back(track.id);
  }
  tracks_.erase(std::remove_if(tracks_.begin(), tracks_.end(), lost), tracks_.end());
}

void FaceTracker::publish() {
  faces_.clear();
  for (const Track& track : tracks_) {
    if (track.id == 0 || track.away) continue;
    faces_.push_back(
        {track.id, moved(track.seen, track.filter.box()), track.visible, track.last_seen});
  }
  std::sort(faces_.begin(), faces_.end(),
            [](const TrackedFace& a, const TrackedFace& b) { return a.id < b.id; });
}

std::vector<RectF> FaceTracker::expected() const {
  std::vector<RectF> boxes;
  for (const Track& track : tracks_) {
    if (!track.away) boxes.push_back(track.filter.box());
  }
  return boxes;
}

std::vector<TrackId> FaceTracker::unseen() const {
  std::vector<TrackId> ids;
  for (const Track& track : tracks_) {
    if (track.id != 0 && !track.visible) ids.push_back(track.id);
  }
  return ids;
}

FaceTracker::Track* FaceTracker::find(TrackId id) {
  const auto found = std::find_if(tracks_.begin(), tracks_.end(),
                                  [&](const Track& track) { return track.id == id; });
  return found == tracks_.end() ? nullptr : &*found;
}

void FaceTracker::exchange(TrackId a, TrackId b) {
  Track* first = find(a);
  Track* second = find(b);
  DFD_CHECK(first != nullptr && second != nullptr);
  std::swap(first->id, second->id);
  std::swap(first->trusted, second->trusted);
  // Whoever is unseen now was seen until now, in the other's place.
  first->last_seen = second->last_seen = std::max(first->last_seen, second->last_seen);
  publish();
}

void FaceTracker::end(TrackId id) {
  Track* track = find(id);
  DFD_CHECK(track != nullptr);
  ended_.push_back(id);
  tracks_.erase(tracks_.begin() + (track - tracks_.data()));
  publish();
}

void FaceTracker::end_all() {
  for (const Track& track : tracks_) {
    if (track.id != 0) ended_.push_back(track.id);
  }
  tracks_.clear();
  faces_.clear();
}

std::vector<TrackId> FaceTracker::take_ended() { return std::exchange(ended_, {}); }

}  // namespace dfd
