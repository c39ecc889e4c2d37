// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/stream_analysis.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "base/picture.h"
#include "face/quality.h"
#include "runtime/face_score.h"
#include "runtime/process_end.h"

namespace dfd {
namespace {

// A track outlives one detection that misses its face.
constexpr int kMissesSurvived = 2;

// How long a person may be away and still be the same track. Not measured.
constexpr std::chrono::seconds kRemembered{5};

// Order of alarm; among equals the higher probability counts.
bool is_worse(const FaceReport& a, const FaceReport& b) {
  if (a.verdict != b.verdict) return a.verdict > b.verdict;
  return a.probability.value_or(-1) > b.probability.value_or(-1);
}

StreamReport only(const FaceReport& face, StreamReport report) {
  report.faces = {face};
  report.verdict = face.verdict;
  report.reason = face.reason;
  report.probability = face.probability;
  report.evidence = face.evidence;
  report.indicators = face.indicators;
  return report;
}

bool says_the_same(const StreamReport& a, const StreamReport& b) {
  const auto same = [](const FaceReport& x, const FaceReport& y) {
    return x.track == y.track && x.verdict == y.verdict && x.reason == y.reason;
  };
  return a.verdict == b.verdict && a.reason == b.reason && a.faces.size() == b.faces.size() &&
         std::equal(a.faces.begin(), a.faces.end(), b.faces.begin(), same);
}

RectF in_parts_of(const RectF& box, const cv::Rect2d& place) {
  return {(static_cast<float>(place.x) - box.x) / box.width,
          (static_cast<float>(place.y) - box.y) / box.height,
          static_cast<float>(place.width) / box.width,
          static_cast<float>(place.height) / box.height};
}

std::vector<FaceDetection> detections_of(const std::vector<MarkedFace>& faces, const Turn& turn) {
  std::vector<FaceDetection> detections;
  detections.reserve(faces.size());
  for (const MarkedFace& face : faces) {
    const RectF& box = face.box;
    // A filter that has once seen no number never sees one again.
    const bool finite = std::isfinite(box.x + box.y + box.width + box.height + face.confidence);
    if (finite) detections.push_back({to_upright(box, turn), face.confidence, {}});
  }
  return detections;
}

}  // namespace

StreamAnalysis::Track::Track(TrackId id, const SessionConfig& config) : decision(config.decision) {
  report.track = id;
}

StreamAnalysis::StreamAnalysis(const SessionConfig& config, const ModelConfig& model,
                               std::unique_ptr<FaceDetector> detector)
    : config_(config), model_(model), detector_(std::move(detector)) {
  if (config_.region == Region::kFullFrame) return;
  DFD_CHECK(detector_ != nullptr || config_.region == Region::kRoiList);
  FinderConfig finder;
  finder.detection_interval = config_.detection_interval;
  finder.min_face_size = config_.min_face_size;
  finder.max_faces = config_.max_faces;
  finder_.emplace(detector_.get(), finder);
  set_people();
}

void StreamAnalysis::set_people() {
  people_.reset();
  if (!finder_) return;
  if (knows_people(model_)) people_.emplace();
  finder_->keep_for(std::max(config_.max_gap, kMissesSurvived * config_.detection_interval),
                    people_ ? kRemembered : std::chrono::seconds(0));
}

StreamAnalysis::Track& StreamAnalysis::track_of(TrackId id) {
  const auto found = tracks_.find(id);
  if (found != tracks_.end()) return found->second;
  ++counters_.faces;
  return tracks_.emplace(id, Track(id, config_)).first->second;
}

void StreamAnalysis::follow(const Frame& frame) {
  const FrameView& view = frame.view;
  time_ = frame.time;
  if (const Turn turn = turn_of(view); turn != turn_) {
    // Boxes of another picture mean nothing here.
    if (finder_) finder_->end_all();
    if (!finder_ && turn.orientation != turn_.orientation) {
      for (auto& [id, track] : tracks_) begin_window(track, Reason::kGap);
    }
    turn_ = turn;
  }
  const cv::Mat thumbnail = thumbnail_of(view);
  picture_ = watch_.look(thumbnail, time_);
  if (config_.region == Region::kRoiList) {
    follow_faces(finder_->follow(detections_of(frame.faces, turn_), thumbnail, time_));
    return;
  }
  if (finder_) {
    follow_faces(finder_->find(view, thumbnail, time_));
    return;
  }
  Track& whole = track_of(0);
  const cv::Size size = upright_size(view);
  whole.report.box = {0, 0, static_cast<float>(size.width), static_cast<float>(size.height)};
  whole.turn = turn_;
  whole.report.detection_confidence = 1;
}

void StreamAnalysis::follow_faces(const std::vector<TrackedFace>& faces) {
  for (auto& [id, track] : tracks_) track.away = true;
  for (const TrackedFace& face : faces) {
    Track& track = track_of(face.id);
    track.away = false;
    track.face = face.face;
    track.report.box = face.face.box;
    track.turn = turn_;
    track.report.detection_confidence = face.face.confidence;
    track.visible = face.visible;
  }
  for (const TrackId id : finder_->take_ended()) close(id);
}

void StreamAnalysis::close(TrackId id) {
  if (people_) people_->forget(id);
  const auto found = tracks_.find(id);
  if (found == tracks_.end()) return;
  closed_.push_back(std::move(found->second));
  tracks_.erase(found);
}

std::vector<RectF> StreamAnalysis::visible_boxes() const {
  std::vector<RectF> boxes;
  for (const auto& [id, track] : tracks_) {
    if (track.visible && !track.away) boxes.push_back(track.report.box);
  }
  return boxes;
}

std::optional<Sample> StreamAnalysis::sample_of(Track& track, const FrameView& view) {
  const bool whole = config_.region == Region::kFullFrame;
  const RectF& box = track.report.box;
  if (picture_ != Reason::kNone) {
    skip(picture_);
    return std::nullopt;
  }
  if (track.away) return std::nullopt;
  if (!whole && !track.visible) {
    skip(Reason::kNoFace);
    return std::nullopt;
  }
  if (!whole && std::min(box.width, box.height) < static_cast<float>(config_.min_face_size)) {
    track.too_small = true;
    skip(Reason::kTooSmall);
    return std::nullopt;
  }
  const std::optional<CropPlan> plan =
      whole ? plan_frame(view, model_.input)
            : plan_face(view, box, track.face.landmarks, model_.input);
  if (!plan) {
    skip(Reason::kNoFace);
    return std::nullopt;
  }
  Sample sample;
  sample.window = &track.window;
  sample.window_stride = config_.window_stride;
  sample.plan = *plan;
  return sample;
}

bool StreamAnalysis::is_worth_a_score(Track& track, const cv::Mat& crop) {
  if (config_.region != Region::kFullFrame) {
    const float least_confidence = detector_ ? detector_->least_confidence() : 0;
    track.quality = quality_of(crop, track.face, visible_boxes(), least_confidence);
    if (track.quality != Reason::kNone) {
      skip(track.quality);
      return false;
    }
  }
  if (track.last_sample && time_ - *track.last_sample > config_.max_gap) {
    begin_window(track, Reason::kGap);
  }
  track.last_sample = time_;
  track.too_small = false;
  return true;
}

std::vector<Sample> StreamAnalysis::prepare(const Frame& frame, bool sample) {
  if (finished_) reset();
  follow(frame);
  if (!std::exchange(guarded_, true)) {
    guard_exit("a frame, faces by " + (detector_ ? detector_->name() : std::string("others")));
  }
  sampled_.clear();
  std::vector<Sample> samples;
  if (!sample) return samples;
  for (auto& [id, track] : tracks_) {
    const std::optional<Sample> found = sample_of(track, frame.view);
    if (!found) continue;
    samples.push_back(*found);
    sampled_.push_back(id);
  }
  return samples;
}

void StreamAnalysis::select(std::vector<Sample>& samples) {
  DFD_CHECK(samples.size() == sampled_.size());
  std::vector<Sample> kept;
  std::vector<TrackId> ids;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!is_worth_a_score(track_of(sampled_[i]), samples[i].crop)) continue;
    kept.push_back(std::move(samples[i]));
    ids.push_back(sampled_[i]);
  }
  samples = std::move(kept);
  sampled_ = std::move(ids);
  if (config_.explain.on) ask_for_explanations(samples);
}

// The worst tracks'; what this round's scores will be is not known yet.
void StreamAnalysis::ask_for_explanations(std::vector<Sample>& samples) {
  const double period = std::round(1e9 / config_.explain.rate);  // Times are whole nanoseconds.
  if (explained_ && static_cast<double>((time_ - *explained_).count()) < period) return;
  explained_regions_.assign(samples.size(), RectF());
  const auto probability = [&](std::size_t i) {
    return track_of(sampled_[i]).report.probability.value_or(0);
  };
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::unique_ptr<Window>& window = *samples[i].window;
    // One that is yet to be made is empty.
    if (window ? window->next_fills() : model_.window_length == 1) asked.push_back(i);
  }
  std::stable_sort(asked.begin(), asked.end(),
                   [&](std::size_t a, std::size_t b) { return probability(a) > probability(b); });
  if (asked.empty()) return;
  explained_ = time_;
  asked.resize(std::min(asked.size(), static_cast<std::size_t>(config_.explain.faces)));
  for (const std::size_t i : asked) {
    samples[i].explain = config_.explain.method;
    explained_regions_[i] =
        in_parts_of(track_of(sampled_[i]).report.box, outline_of(samples[i].plan, model_.input));
  }
}

void StreamAnalysis::complete(const std::vector<SampleResult>& results, Scorer& scorer) {
  DFD_CHECK(results.size() == sampled_.size());
  changed_score_ = false;
  for (std::size_t i = 0; i < results.size(); ++i) {
    Track& track = track_of(sampled_[i]);
    ++track.report.samples;
    ++counters_.samples;
    if (results[i].map) {
      const Turn turn{turn_.orientation, {1, 1}};
      track.report.explanation = std::make_shared<const Explanation>(
          Explanation{to_stored(*results[i].map, turn.orientation),
                      to_stored(explained_regions_[i], turn), time_});
    }
    if (!results[i].logit) continue;
    set_score(track.report, *results[i].logit, model_);
    track.report.partial = false;
    track.refilling = Reason::kNone;
    ++track.report.windows;
    ++counters_.windows;
    track.decision.update(*track.report.score, time_, track.report.evidence_scores);
    changed_score_ = true;
  }
  for (auto& [id, track] : tracks_) {
    if (!track.away) judge(track);
  }
  if (people_) look_at_people(results);
  for (Track& track : std::exchange(closed_, {})) end(track, scorer);
  count_memory();
  post_changes();
}

void StreamAnalysis::count_memory() {
  counters_.window_bytes = 0;
  for (const auto& [id, track] : tracks_) {
    if (track.window) counters_.window_bytes += track.window->bytes();
  }
}

// Two people in one window are told apart only now, when its score has been counted already. That
// is not taken back; the window begins anew.
void StreamAnalysis::look_at_people(const std::vector<SampleResult>& results) {
  std::vector<Sighting> sightings;
  for (std::size_t i = 0; i < results.size(); ++i) {
    sightings.push_back({sampled_[i], results[i].embedding});
  }
  for (const IdentityEvent& event : people_->look(sightings, finder_->unseen())) {
    switch (event.kind) {
      case IdentityEvent::Kind::kChanged:
        change_person(tracks_.at(event.track));
        break;
      case IdentityEvent::Kind::kExchanged:
        exchange(event.track, event.other);
        for (const TrackId id : {event.track, event.other}) {
          begin_window(tracks_.at(id), Reason::kGap);
          judge(tracks_.at(id));
        }
        break;
      case IdentityEvent::Kind::kReturned:
        exchange(event.track, event.other);
        finder_->end(event.track);
        close(event.track);
        if (is_stale(tracks_.at(event.other))) begin_window(tracks_.at(event.other), Reason::kGap);
        judge(tracks_.at(event.other));
        break;
    }
  }
}

void StreamAnalysis::begin_window(Track& track, Reason why) {
  if (track.window) track.window->restart();
  track.report.explanation.reset();
  track.refilling = why;
}

void StreamAnalysis::gap(Timestamp until) {
  if (until <= time_) return;
  time_ = until;
  for (auto& [id, track] : tracks_) {
    if (track.away || !is_stale(track)) continue;
    begin_window(track, Reason::kGap);
    judge(track);
  }
  if (posted_once_ && !finished_) post_changes();
}

// The new model's scores cannot be put together with the old one's; faces stay who they are.
void StreamAnalysis::swap_model(const SessionConfig& config, const ModelConfig& model) {
  config_ = config;
  model_ = model;
  ++counters_.model_swaps;
  // They keep the old model's head.
  for (Track& track : closed_) track.window.reset();
  for (auto& [id, track] : tracks_) track.window.reset();
  set_people();
  if (finished_) return;  // What was said last stands; the next frame begins anew.
  for (auto& [id, track] : tracks_) {
    track.decision.begin_anew(config_.decision);
    forget_score(track.report);
    begin_window(track, Reason::kWarmingUp);
    judge(track);
  }
  if (posted_once_) post_changes();
}

void StreamAnalysis::change_person(Track& track) {
  track.report.explanation.reset();  // The newest may show the new face already.
  post(EventKind::kIdentityChanged, only(as_stored(track), report()));
  if (track.window) track.window->restart();
  track.decision = TrackDecision(config_.decision);
  FaceReport& face = track.report;
  forget_score(face);
  face.windows = 0;
  face.samples = 0;
  face.partial = false;
  track.refilling = Reason::kNone;
  judge(track);
}

// Each person keeps its id, window and verdict, and goes where the other was found.
void StreamAnalysis::exchange(TrackId a, TrackId b) {
  finder_->exchange(a, b);
  Track& first = tracks_.at(a);
  Track& second = tracks_.at(b);
  std::swap(first.report.box, second.report.box);
  std::swap(first.turn, second.turn);
  std::swap(first.report.detection_confidence, second.report.detection_confidence);
  std::swap(first.face, second.face);
  std::swap(first.visible, second.visible);
  std::swap(first.away, second.away);
  std::swap(first.quality, second.quality);
  std::swap(first.too_small, second.too_small);
}

bool StreamAnalysis::is_stale(const Track& track) const {
  return !track.last_sample || time_ - *track.last_sample > config_.max_gap;
}

void StreamAnalysis::judge(Track& track) const {
  Circumstances seen;
  seen.decision = track.decision.verdict();
  seen.picture = picture_;
  seen.too_small = track.too_small;
  seen.refilling = track.refilling;
  seen.quality = track.quality;
  seen.stale = is_stale(track);
  const Judgement judgement = dfd::judge(seen);
  track.report.probability = track.decision.probability();
  track.report.indicators = track.decision.indicators();
  track.report.verdict = judgement.verdict;
  track.report.reason = judgement.reason;
}

// What others are told of it.
FaceReport StreamAnalysis::as_stored(const Track& track) {
  FaceReport face = track.report;
  face.box = to_stored(face.box, track.turn);
  return face;
}

StreamReport StreamAnalysis::report() const {
  StreamReport report;
  report.time = time_;
  report.frame_width = turn_.stored.width;
  report.frame_height = turn_.stored.height;
  report.threshold = config_.decision.threshold;
  report.reason = picture_ == Reason::kNone ? Reason::kNoFace : picture_;
  const FaceReport* worst = nullptr;
  for (const auto& [id, track] : tracks_) {
    if (track.away) continue;
    report.faces.push_back(as_stored(track));
    if (worst == nullptr || is_worse(track.report, *worst)) worst = &track.report;
  }
  if (worst != nullptr) {
    report.verdict = worst->verdict;
    report.reason = worst->reason;
    report.probability = worst->probability;
    report.evidence = worst->evidence;
    report.indicators = worst->indicators;
  }
  return report;
}

void StreamAnalysis::post_changes() {
  const StreamReport now = report();
  if (changed_score_) post(EventKind::kScore, now);
  if (!posted_once_ || !says_the_same(now, last_posted_)) post(EventKind::kVerdictChanged, now);
  posted_once_ = true;
  last_posted_ = now;
  changed_score_ = false;
}

void StreamAnalysis::end(Track& track, Scorer& scorer) {
  if (!track.away) judge(track);
  FaceReport& face = track.report;
  if (face.windows == 0 && track.window) {
    if (const auto logit = scorer.partial(*track.window)) {
      set_score(face, *logit, model_);
      face.partial = true;
      face.reason = Reason::kPartial;
    }
  }
  post(EventKind::kTrackLost, only(as_stored(track), report()));
}

void StreamAnalysis::finish(Scorer& scorer) {
  if (finished_) return;  // Told already; nothing has come since.
  for (auto& [id, track] : tracks_) end(track, scorer);
  post(EventKind::kVerdictChanged, report());
  finished_ = true;
}

void StreamAnalysis::restart(Scorer& scorer) {
  finish(scorer);
  std::vector<Event> told = take_events();
  reset();
  events_ = std::move(told);
}

void StreamAnalysis::reset() {
  tracks_.clear();
  closed_.clear();
  sampled_.clear();
  events_.clear();
  if (finder_) {
    finder_->end_all();
    finder_->take_ended();
  }
  if (people_) people_->clear();
  watch_ = PictureWatch();
  picture_ = Reason::kNone;
  explained_.reset();
  posted_once_ = false;
  finished_ = false;
}

void StreamAnalysis::set_threshold(double threshold) {
  config_.decision.threshold = threshold < 0 ? model_.threshold : threshold;
  for (auto& [id, track] : tracks_) track.decision.set_threshold(config_.decision.threshold);
}

void StreamAnalysis::set_explain(const ExplainConfig& explain) {
  config_.explain = explain;
  if (explain.on) return;
  for (auto& [id, track] : tracks_) track.report.explanation.reset();
}

std::vector<Event> StreamAnalysis::take_events() { return std::exchange(events_, {}); }

}  // namespace dfd
