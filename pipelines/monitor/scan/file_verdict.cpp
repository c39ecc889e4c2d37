// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/file_verdict.h"

#include <algorithm>
#include <cstddef>

namespace dfd::monitor {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

double duration_s(const FileTrack& track) {
  return static_cast<double>(track.end_ns - track.begin_ns) / kNanosecondsPerSecond;
}

// Worse by verdict, then by probability, then by how long it was there.
bool is_worse(const FileTrack& a, const FileTrack& b) {
  if (a.verdict != b.verdict) return a.verdict > b.verdict;
  const double of_a = a.probability.value_or(a.score.value_or(-1));
  const double of_b = b.probability.value_or(b.score.value_or(-1));
  return of_a != of_b ? of_a > of_b : duration_s(a) > duration_s(b);
}

void raise(std::optional<double>& highest, const std::optional<double>& value) {
  if (value) highest = std::max(highest.value_or(0), *value);
}

}  // namespace

void FileVerdict::add(const News& news) {
  const Finding& finding = news.finding;
  if (finding.reason == "error") {
    damaged_ = true;
    return;
  }
  if (!finding.model_id.empty()) model_id_ = finding.model_id;
  if (finding.threshold) threshold_ = finding.threshold;
  if (news.kind == News::Kind::kStream) last_reason_ = finding.reason;
  last_time_ns_ = std::max(last_time_ns_, finding.stream_time_ns);
  for (const FoundFace& face : finding.faces) {
    add_face(face, finding);
    if (news.kind == News::Kind::kPersonLeft) ++persons_[face.track_id];
  }
}

void FileVerdict::add_face(const FoundFace& face, const Finding& finding) {
  const auto [at, is_new] = tracks_.try_emplace({face.track_id, persons_[face.track_id]});
  FileTrack& track = at->second;
  if (is_new) {
    track.id = face.track_id;
    track.begin_ns = finding.stream_time_ns;
    track.end_ns = finding.stream_time_ns;
  }
  track.end_ns = std::max(track.end_ns, finding.stream_time_ns);
  if (face.verdict != Verdict::kUndecided) {
    const bool judged = track.verdict != Verdict::kUndecided;
    track.verdict = judged ? std::max(track.verdict, face.verdict) : face.verdict;
  }
  track.reason = face.reason;
  if (face.score && face.score >= track.score) track.evidence = face.evidence;
  raise(track.score, face.score);
  raise(track.probability, face.probability);
  if (face.probability) track.series.add(finding.stream_time_ns, *face.probability);
  track.windows = std::max(track.windows, face.windows);
  track.samples = std::max(track.samples, face.samples);
}

bool FileVerdict::holds_back(const FileTrack& track) const {
  if (track.verdict == Verdict::kSuspicious) return true;
  if (track.verdict != Verdict::kUndecided) return false;
  return duration_s(track) >= kPassing_s ||
         (track.score && threshold_ && *track.score >= *threshold_);
}

bool FileVerdict::is_passing(const FileTrack& track) const {
  return track.verdict == Verdict::kUndecided && !holds_back(track);
}

std::vector<FileTrack> FileVerdict::foremost_faces() const {
  std::vector<const FileTrack*> tracks;
  for (const auto& [key, track] : tracks_) tracks.push_back(&track);
  const std::size_t count = std::min(tracks.size(), kMostFaces);
  std::partial_sort(tracks.begin(), tracks.begin() + static_cast<std::ptrdiff_t>(count),
                    tracks.end(), [this](const FileTrack* a, const FileTrack* b) {
                      if (is_passing(*a) != is_passing(*b)) return is_passing(*b);
                      return is_worse(*a, *b);
                    });
  std::vector<FileTrack> faces;
  for (std::size_t i = 0; i < count; ++i) faces.push_back(*tracks[i]);
  return faces;
}

bool FileVerdict::is_truncated(std::optional<double> duration_s) const {
  return duration_s &&
         *duration_s - static_cast<double>(last_time_ns_) / kNanosecondsPerSecond >= kPassing_s;
}

Decision FileVerdict::decide(std::optional<double> duration_s, bool has_unseen) const {
  Decision decision;
  decision.faces = foremost_faces();
  // Of all; of those that hold "authentic" back; of those that are authentic.
  const FileTrack* worst = nullptr;
  const FileTrack* doubtful = nullptr;
  const FileTrack* authentic = nullptr;
  const auto keep_worse = [](const FileTrack*& kept, const FileTrack& track) {
    if (kept == nullptr || is_worse(track, *kept)) kept = &track;
  };
  for (const auto& [key, track] : tracks_) {
    ++decision.tracks;
    if (track.verdict == Verdict::kUndecided) ++decision.undecided_tracks;
    keep_worse(worst, track);
    if (holds_back(track)) keep_worse(doubtful, track);
    if (track.verdict == Verdict::kAuthentic && track.windows > 0) keep_worse(authentic, track);
  }
  if (worst != nullptr && worst->verdict == Verdict::kManipulated) {
    decision.verdict = Verdict::kManipulated;
    decision.reason = "none";
  } else if (damaged_) {
    decision.reason = "error";
  } else if (doubtful != nullptr) {
    worst = doubtful;
    decision.reason = worst->verdict == Verdict::kSuspicious ? "suspicious" : worst->reason;
  } else if (authentic == nullptr) {
    decision.reason = worst != nullptr ? worst->reason : last_reason_;
  } else if (is_truncated(duration_s)) {
    decision.reason = "truncated";
  } else if (has_unseen) {
    decision.reason = "unseen-track";
  } else {
    // Others only passed, and decided nothing.
    worst = authentic;
    decision.verdict = Verdict::kAuthentic;
    decision.reason = "none";
  }
  // The face's last words were of a verdict that rests on no full window.
  if (decision.verdict == Verdict::kUndecided && decision.reason == "none") {
    decision.reason = "warming-up";
  }
  if (worst != nullptr) decision.worst = *worst;
  return decision;
}

}  // namespace dfd::monitor
