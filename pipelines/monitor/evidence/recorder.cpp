// SPDX-License-Identifier: LGPL-2.1-or-later

#include "recorder.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "evidence/clip_verdicts.h"
#include "evidence/face_pictures.h"
#include "evidence/heatmap.h"
#include "findings/face_picture.h"
#include "streams/pipeline.h"

namespace dfd::monitor {
namespace {

// The ring's own end is not older than the keyframe that ends a segment; where none comes for so
// long the clip does without.
constexpr auto kLongestWait = std::chrono::seconds(12);

// What is held for an alarm that may come to nothing must leave room for the ring itself.
constexpr std::uint64_t kMostPending = Ring::kMostBytes / 2;

constexpr const char* kExplain = "explain";

bool is_set(const std::vector<DetectProperty>& properties, std::string_view name) {
  return std::any_of(properties.begin(), properties.end(),
                     [&](const DetectProperty& property) { return property.name == name; });
}

WallTime wall_of(Moment reference, Time time) {
  return reference.wall + std::chrono::duration_cast<WallTime::duration>(time - reference.steady);
}

std::string whole_jpeg(GstSample* sample) { return jpeg_of(sample, 0); }

std::string face_jpeg(GstSample* sample) {
  const auto face = cut_worst_face(gst_sample_get_caps(sample), gst_sample_get_buffer(sample));
  return face == nullptr ? "" : jpeg_of(face.get(), 0);
}

// What is recorded while the alarm is found out is there with its pre-roll.
Duration kept_of(const StreamConfig& config) {
  return from_seconds(config.evidence.pre_roll_s) + Ring::kShortest;
}

// A clip is made so long after its beginning at the latest; a minute covers how it begins, with a
// keyframe, and ends.
Duration said_kept_of(const StreamConfig& config) {
  return from_seconds(config.evidence.max_clip_s) + std::chrono::minutes(1);
}

}  // namespace

struct Recorder::Taken : public Tap {
  Taken(const StreamConfig& config, const RingPlace& rings)
      : ring(rings, config.id, kept_of(config)), said(said_kept_of(config)) {}

  std::uint64_t begin() override { return ring.begin(); }
  void take(std::uint64_t connection, Track track, GstCaps* caps, GstBuffer* buffer) override {
    ring.take(connection, track, caps, buffer);
  }
  void take_judged(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer,
                   GstClockTime running_time) override {
    said.note(connection, caps, buffer, running_time);
    faces.take(connection, caps, buffer, running_time);
  }

  Ring ring;
  VerdictLog said;
  FacePictures faces;
};

Recorder::Recorder(const StreamConfig& config, const RingPlace& rings, ClipMaker& clips,
                   const std::shared_ptr<PictureMaker>& pictures)
    : config_(&config),
      taken_(std::make_shared<Taken>(config, rings)),
      clips_(&clips),
      pictures_(pictures) {}

std::shared_ptr<Tap> Recorder::tap() const { return taken_; }

RingStats Recorder::stats() const { return taken_->ring.stats(); }

void Recorder::set_window(Duration window) {
  window_ = window;
  taken_->ring.set_kept(kept_of(*config_) + window_);
}

void Recorder::configure() {
  set_window(window_);
  taken_->said.set_kept(said_kept_of(*config_));
}

Recorder::Clip& Recorder::begin(Moment now, const std::string& rule, const AlarmRecord& record) {
  Clip clip;
  clip.rule = rule;
  clip.place = {config_->id, record.id, utc_day(record.started_at)};
  clip.started.wall = record.started_at;
  clip.started.steady =
      now.steady - std::chrono::duration_cast<Duration>(now.wall - record.started_at);
  clip.from = clip.started.steady - from_seconds(config_->evidence.pre_roll_s);
  clip.best = std::make_shared<BestPicture>(
      pictures_, BestPicture::Codes{whole_jpeg, heatmap_jpeg, face_jpeg});
  const std::vector<Segment> segments = taken_->ring.segments();
  // What is down has its last pictures of the connection that ended.
  clip.connection =
      rule == "down" && !segments.empty() ? segments.back().connection : taken_->ring.connection();
  for (const Segment& segment : segments) {
    if (segment.connection == clip.connection && segment.begin <= clip.from) {
      clip.next_number = segment.number;
    }
  }
  open_.push_back(std::move(clip));
  return open_.back();
}

void Recorder::collect(Clip& clip, const std::vector<Segment>& segments) const {
  for (const Segment& segment : segments) {
    if (segment.number < clip.next_number || segment.connection != clip.connection) continue;
    // A pending alarm of which nobody can say anything waits for as long as that is so.
    clip.full = clip.full || segment.begin >= end_of(clip) ||
                (!clip.fired && (taken_->ring.bytes() > kMostPending || taken_->ring.is_cramped()));
    if (clip.full) return;
    clip.next_number = segment.number + 1;
    clip.segments.push_back(segment);
  }
}

void Recorder::note(Moment now, const std::string& rule, const AlarmTransition& transition,
                    const Json& data, bool notified, Connection* connection) {
  const AlarmRecord& record = transition.record;
  auto found = std::find_if(open_.begin(), open_.end(),
                            [&](const Clip& clip) { return clip.place.alarm == record.id; });
  if (found == open_.end()) {
    // Of earlier runs only what fires now has something to show.
    if (transition.state != AlarmState::kPending && transition.state != AlarmState::kFiring) return;
    begin(now, rule, record);
    found = std::prev(open_.end());
  }
  if (transition.state == AlarmState::kIdle) {
    open_.erase(found);
    if (connection != nullptr) want_faces(*connection);
    return;
  }
  found->data = data;
  found->notified = notified;
  found->fired = found->fired || transition.state == AlarmState::kFiring;
  collect(*found, taken_->ring.segments());
  if (transition.state == AlarmState::kResolved) {
    found->until = now.steady + from_seconds(config_->evidence.post_roll_s);
  }
  const bool shows = rule != "face" && rule != "down" && transition.state == AlarmState::kFiring;
  if (connection == nullptr) return;
  if (shows) want_next(*found, *connection);
  want_faces(*connection);
}

bool Recorder::shows_faces(const Clip& clip) {
  return clip.rule == "face" && !clip.done && !clip.until;
}

// Whatever it shows.
void Recorder::want_next(const Clip& clip, Connection& connection) {
  const std::shared_ptr<BestPicture> best = clip.best;
  const BestPicture::Worth worth;
  // With the last who knows of it, also where no picture comes any more.
  const BestPicture::Claim claim = best->claim(worth);
  if (claim == nullptr) return;
  connection.want_picture([best, claim, worth](GstSample* sample) {
    best->take(sample, worth, dfd::monitor::now().wall, claim);
  });
}

// Of the alarm that goes on. The element works maps out for as long as there is one.
void Recorder::want_faces(Connection& connection) {
  const bool with_maps = config_->evidence.heatmap;
  std::shared_ptr<BestPicture> wanted;
  for (const Clip& clip : open_) {
    if (shows_faces(clip)) wanted = clip.best;
  }
  const std::uint64_t explained = wanted != nullptr && with_maps ? taken_->ring.connection() : 0;
  taken_->faces.want(std::move(wanted), with_maps);
  if (std::exchange(explained_, explained) == explained) return;
  // What is configured holds, and another version of the element may have no such property.
  if (connection.detect() == nullptr || is_set(config_->detect, kExplain) ||
      !is_live_property(kExplain)) {
    return;
  }
  set_detect(connection.detect(), {{kExplain, explained != 0 ? "true" : "false", {}, {}}});
}

void Recorder::note_finding(Connection& connection) { want_faces(connection); }

// When the clip ends at the latest, as far as is known.
Time Recorder::end_of(const Clip& clip) const {
  const Time begin = clip.segments.empty() ? clip.from : clip.segments.front().begin;
  const Time longest = begin + from_seconds(config_->evidence.max_clip_s);
  return clip.until ? std::min(*clip.until, longest) : longest;
}

bool Recorder::is_due(Moment now, const Clip& clip) const {
  if (!clip.fired) return false;
  if (clip.full) return true;
  if (taken_->ring.bytes() > Ring::kMostBytes || taken_->ring.is_cramped()) return true;
  const Time end = end_of(clip);
  if (!clip.segments.empty() && clip.segments.back().end >= end) return true;
  if (now.steady < end) return false;
  // Nothing comes any more that belongs to it, or it takes too long.
  return clip.connection != taken_->ring.connection() || now.steady >= end + kLongestWait;
}

void Recorder::ask(Moment now, Clip& clip) {
  const Time end = end_of(clip);
  ClipRequest request;
  request.place = clip.place;
  request.notified = clip.notified;
  request.data = std::move(clip.data);
  while (clip.segments.size() > 1 && clip.segments.back().begin >= end) clip.segments.pop_back();
  if (!clip.segments.empty()) {
    request.begin = wall_of(now, clip.segments.front().begin);
    request.end = wall_of(now, clip.segments.back().end);
    request.pre_roll_s =
        std::max(0.0, to_seconds(clip.started.steady - clip.segments.front().begin));
  }
  request.said = verdicts_of(clip.segments, taken_->said);
  request.cut = !clip.until || end < *clip.until;
  request.segments = std::move(clip.segments);
  BestPicture::Pictures pictures = clip.best->give();
  request.best = std::move(pictures.plain);
  request.heatmap = std::move(pictures.drawn);
  request.face = std::move(pictures.face);
  clips_->make(std::move(request));
  clip.done = true;
  clip.segments.clear();
}

void Recorder::update(Moment now) {
  taken_->faces.drop_old(now.steady);
  if (open_.empty()) return;
  const std::vector<Segment> segments = taken_->ring.segments();
  for (Clip& clip : open_) {
    if (clip.done) continue;
    collect(clip, segments);
    if (is_due(now, clip)) ask(now, clip);
  }
  open_.remove_if([](const Clip& clip) { return clip.done && clip.until; });
}

void Recorder::end() {
  taken_->faces.want(nullptr, false);
  taken_->ring.end();
}

bool Recorder::has_ended() const { return taken_->ring.has_ended(); }

void Recorder::close(Moment now) {
  end();
  taken_->ring.close();
  const std::vector<Segment> segments = taken_->ring.segments();
  for (Clip& clip : open_) {
    if (clip.done || !clip.fired) continue;
    collect(clip, segments);
    ask(now, clip);
  }
  open_.clear();
}

}  // namespace dfd::monitor
