// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Faces of a video, frame by frame: detection on a reduced picture at intervals; in between tracks
// are predicted, and looked for where they should be. Training and serving find faces through this
// class.

#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "detector/frame.h"
#include "face/face_detector.h"
#include "face/face_tracker.h"
#include "face/shot_watch.h"

namespace dfd {

struct FinderConfig {
  std::chrono::nanoseconds detection_interval{500000000};
  int min_face_size = 64;  // Frame pixels, shorter side.
  int max_faces = 8;
  std::chrono::nanoseconds lost_after{1000000000};
  std::chrono::nanoseconds remembered{0};  // TrackerConfig
};

// Faces of one frame, largest first, boxes in pixels of the frame: detection on a picture no larger
// than needed to find faces of this size well, and somewhat smaller ones.
std::vector<FaceDetection> detect_reduced(FaceDetector& detector, const FrameView& view,
                                          int min_face_size);

class FaceFinder {
 public:
  // detector: may be null where follow() is all that is called.
  FaceFinder(FaceDetector* detector, const FinderConfig& config)
      : detector_(detector), config_(config), tracker_(tracker_config(config)) {}

  // Is a detection in the whole picture due?
  bool due(Timestamp time) const;

  // Faces of this frame, by ascending id; boxes in pixels of the frame. thumbnail: of the frame
  // (base/picture.h). A time before the newest counts as the newest.
  const std::vector<TrackedFace>& find(const FrameView& view, const cv::Mat& thumbnail,
                                       Timestamp time);

  // The same where somebody else finds the faces: those of this frame, if it has any. A frame
  // without faces, less than two detection intervals after one with some, is one nobody looked at.
  const std::vector<TrackedFace>& follow(std::vector<FaceDetection> faces, const cv::Mat& thumbnail,
                                         Timestamp time);

  // What embeddings tell of the tracks: see FaceTracker.
  std::vector<TrackId> unseen() const { return tracker_.unseen(); }
  void exchange(TrackId a, TrackId b) { tracker_.exchange(a, b); }
  void end(TrackId id) { tracker_.end(id); }
  void keep_for(std::chrono::nanoseconds unseen, std::chrono::nanoseconds away) {
    tracker_.keep_for(unseen, away);
  }

  std::vector<TrackId> take_ended() { return tracker_.take_ended(); }
  void end_all();  // The picture changes: a seek, a new size, the end.

 private:
  static TrackerConfig tracker_config(const FinderConfig& config) {
    TrackerConfig tracker;
    tracker.lost_after = config.lost_after;
    tracker.remembered = config.remembered;
    return tracker;
  }

  Timestamp risen(Timestamp time);
  void heed_cut(const cv::Mat& thumbnail);
  void update(std::vector<FaceDetection> faces, Timestamp time);

  FaceDetector* detector_;
  FinderConfig config_;
  FaceTracker tracker_;
  ShotWatch shots_;
  std::optional<Timestamp> last_detection_;
  Timestamp last_look_{};  // At the whole picture, or where faces were expected.
  std::optional<Timestamp> newest_;
};

}  // namespace dfd
