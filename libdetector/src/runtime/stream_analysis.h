// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one stream's frames mean: faces, samples, scores, verdicts, events. No threads and no
// network here: the engine's worker calls prepare(), has the crops made, calls select(), scores the
// samples together with those of other streams, and calls complete().

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/orientation.h"
#include "decision/judgement.h"
#include "decision/picture_watch.h"
#include "decision/track_decision.h"
#include "detector/config.h"
#include "detector/report.h"
#include "detector/session.h"
#include "face/face_finder.h"
#include "face/identity_watch.h"
#include "runtime/settings.h"
#include "scoring/scorer.h"

namespace dfd {

// Thread-compatible.
class StreamAnalysis {
 public:
  // config must be resolved. detector: for Region::kFaces only.
  StreamAnalysis(const SessionConfig& config, const ModelConfig& model,
                 std::unique_ptr<FaceDetector> detector);

  // Looks at a frame: faces, their boxes, and, where sample is set, what may be scored. The
  // pointers in the samples live until complete().
  std::vector<Sample> prepare(const Frame& frame, bool sample);

  // The same samples with their crops: keeps those that are worth a score.
  void select(std::vector<Sample>& samples);

  // The results of what select() kept, in its order. Tracks that ended meanwhile get their last
  // score from the scorer.
  void complete(const std::vector<SampleResult>& results, Scorer& scorer);

  // Nothing was to be seen until this time.
  void gap(Timestamp until);

  // Another model judges from here on: Session::swap_engine(). config must be resolved for it.
  void swap_model(const SessionConfig& config, const ModelConfig& model);

  void finish(
      Scorer& scorer);  // Ends all tracks, each with its last score. report() still has them.
  void restart(Scorer& scorer);  // The same, and begins anew; what there was to tell is kept.
  void reset();                  // Forgets everything but counters and the next track's id.
  void set_threshold(double threshold);  // -1: the model's.
  void set_explain(const ExplainConfig& explain);

  StreamReport report() const;
  std::vector<Event> take_events();
  const SessionStats& counters() const { return counters_; }

 private:
  struct Track {
    Track(TrackId id, const SessionConfig& config);

    FaceReport report;               // Its box is upright; the explanation as stored.
    Turn turn;                       // Of the frame that the box is of.
    std::unique_ptr<Window> window;  // Null before its first sample: the scorer makes it.
    TrackDecision decision;
    FaceDetection face;
    std::optional<Timestamp> last_sample;
    Reason quality = Reason::kNone;  // Of the newest sample.
    bool too_small = false;          // When it was last looked at.
    bool visible = true;
    bool away = false;                 // Its person may come back.
    Reason refilling = Reason::kNone;  // Why the window is filling again, if it is.
  };

  Track& track_of(TrackId id);
  void follow(const Frame& frame);
  void follow_faces(const std::vector<TrackedFace>& faces);
  std::vector<RectF> visible_boxes() const;
  std::optional<Sample> sample_of(Track& track, const FrameView& view);
  bool is_worth_a_score(Track& track, const cv::Mat& crop);
  void ask_for_explanations(std::vector<Sample>& samples);
  void skip(Reason reason) { ++counters_.skipped[static_cast<std::size_t>(reason)]; }
  void close(TrackId id);
  void look_at_people(const std::vector<SampleResult>& results);
  static FaceReport as_stored(const Track& track);
  static void begin_window(Track& track, Reason why);
  void change_person(Track& track);
  void exchange(TrackId a, TrackId b);
  bool is_stale(const Track& track) const;  // No good sample within max-gap.
  void judge(Track& track) const;
  void end(Track& track, Scorer& scorer);
  void post(EventKind kind, const StreamReport& report) { events_.push_back({kind, report}); }
  void count_memory();
  void post_changes();
  void set_people();

  SessionConfig config_;
  ModelConfig model_;
  std::unique_ptr<FaceDetector> detector_;
  std::optional<FaceFinder> finder_;
  std::optional<IdentityWatch> people_;  // None where embeddings tell nothing.
  PictureWatch watch_;
  Reason picture_ = Reason::kNone;  // kBlack or kFrozen: the picture says nothing.
  std::map<TrackId, Track> tracks_;
  std::vector<TrackId> sampled_;          // Tracks of the samples under way, in order.
  std::vector<Track> closed_;             // Ended, and wait for their last score.
  std::optional<Timestamp> explained_;    // Time of the last frame of which something was.
  std::vector<RectF> explained_regions_;  // Explanation::region of the samples under way.
  bool changed_score_ = false;
  StreamReport last_posted_;
  bool posted_once_ = false;
  bool finished_ = false;
  bool guarded_ = false;  // Against an exit() that comes while it looks at a frame.
  Timestamp time_{};
  Turn turn_;  // Of the last frame.
  std::vector<Event> events_;
  SessionStats counters_;
};

}  // namespace dfd
