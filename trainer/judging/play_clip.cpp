// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/play_clip.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/picture.h"
#include "data/clip_files.h"
#include "data/picture.h"
#include "data/video.h"
#include "detector/session.h"
#include "samples/serving.h"

namespace dfd {
namespace {

// Frames that sharpness and brightness are taken from.
constexpr int kLooks = 8;

struct WindowScores {
  double score;
  EvidenceProbabilities evidence;
};

struct TrackScores {
  std::vector<WindowScores> windows;    // Full ones.
  std::optional<WindowScores> partial;  // One that never filled.
  std::uint64_t samples = 0;
  std::uint64_t seen_windows = 0;
  double size = 0;  // Of its boxes' shorter sides, summed over so many reports.
  int sizes = 0;
  Verdict verdict = Verdict::kUndecided;
  Reason reason = Reason::kNone;
  std::optional<Timestamp> decided;
};

class ClipPlayer {
 public:
  ClipPlayer(Session& session, const PlayOptions& options) : session_(session), options_(options) {}

  void show(Frame frame) {
    if (!first_) first_ = frame.time;
    const std::optional<Ticket> ticket = session_.offer(frame.time);
    if (!ticket) return;
    if (options_.change) {
      const cv::Mat rgb = rgb_region(frame.view, {{}, upright_size(frame.view)});
      const Timestamp time = frame.time;
      frame = frame_of(options_.change(rgb));
      frame.time = time;
    }
    if (ticket->samples() && looks_ < kLooks) measure(frame.view);
    const Timestamp time = frame.time;
    session_.push(*ticket, std::move(frame));
    session_.wait();
    const StreamReport report = session_.report();
    reason_ = report.reason;
    for (const FaceReport& face : report.faces) look(face, time);
  }

  void finish() {
    session_.finish();
    for (const Event& event : session_.take_events()) {
      if (event.kind != EventKind::kTrackLost) continue;
      for (const FaceReport& face : event.report.faces) {
        TrackScores& track = tracks_[face.track];
        if (face.partial && face.score) {
          track.partial = WindowScores{*face.score, face.evidence_scores};
        }
        track.samples = std::max(track.samples, face.samples);
      }
    }
  }

  void tell(ClipScore& score) const {
    if (looks_ > 0) {
      score.pixels = pixels_ / looks_;
      score.sharpness = sharpness_ / looks_;
      score.brightness = brightness_ / looks_;
    }
    std::uint64_t longest = 0;
    for (const auto& [id, track] : tracks_) longest = std::max(longest, track.samples);
    const TrackScores* worst = nullptr;
    std::optional<double> logit;
    for (const auto& [id, track] : tracks_) {
      const std::optional<double> own =
          2 * track.samples >= longest ? logit_of(track) : std::nullopt;
      if (!own || (logit && *own <= *logit)) continue;
      logit = own;
      worst = &track;
    }
    if (worst == nullptr) {
      score.verdict = to_string(Verdict::kUndecided);
      score.reason = to_string(reason_ == Reason::kNone ? Reason::kNoFace : reason_);
      return;
    }
    score.logit = logit;
    score.probability = probability_of(*logit);
    tell_evidence(*worst, score);
    score.partial = worst->windows.empty();
    score.verdict = to_string(worst->verdict);
    score.reason = to_string(score.partial ? Reason::kPartial : worst->reason);
    score.samples = static_cast<int>(worst->samples);
    score.windows = static_cast<int>(worst->windows.size());
    if (worst->sizes > 0) score.face_size = worst->size / worst->sizes;
    if (worst->decided) {
      score.seconds_to_verdict = std::chrono::duration<double>(*worst->decided - *first_).count();
    }
  }

 private:
  // Of one score. Saturated ones are as far out as their double tells.
  double logit_of(double probability) const {
    constexpr double kLeast = 1e-15;
    const double p = std::clamp(probability, kLeast, 1 - kLeast);
    return options_.bias + options_.temperature * std::log(p / (1 - p));
  }

  double probability_of(double logit) const {
    return 1 / (1 + std::exp(-(logit - options_.bias) / options_.temperature));
  }

  // The mean logit over a track's windows of what is read of each; none where one has none.
  template <typename Read>
  std::optional<double> mean_logit(const TrackScores& track, const Read& read) const {
    std::vector<WindowScores> windows = track.windows;
    if (windows.empty() && track.partial) windows.push_back(*track.partial);
    double sum = 0;
    for (const WindowScores& window : windows) {
      const std::optional<double> score = read(window);
      if (!score) return std::nullopt;
      sum += logit_of(*score);
    }
    if (windows.empty()) return std::nullopt;
    return sum / static_cast<double>(windows.size());
  }

  std::optional<double> logit_of(const TrackScores& track) const {
    return mean_logit(track,
                      [](const WindowScores& window) { return std::optional(window.score); });
  }

  void tell_evidence(const TrackScores& track, ClipScore& score) const {
    const auto seam = mean_logit(track, [](const auto& window) { return window.evidence[0]; });
    const auto generated = mean_logit(track, [](const auto& window) { return window.evidence[1]; });
    if (!seam || !generated) return;
    score.evidence = to_string(*generated > *seam ? Evidence::kGenerated : Evidence::kSeam);
    score.seam_probability = probability_of(*seam);
    score.generated_probability = probability_of(*generated);
  }

  void look(const FaceReport& face, Timestamp time) {
    TrackScores& track = tracks_[face.track];
    // Counts go on with each window, and begin anew with another person.
    const std::uint64_t before = std::exchange(track.seen_windows, face.windows);
    if (face.windows != before && face.windows > 0 && face.score) {
      track.windows.push_back({*face.score, face.evidence_scores});
    }
    if (face.samples > track.samples) {
      track.size += std::min(face.box.width, face.box.height);
      ++track.sizes;
    }
    track.samples = std::max(track.samples, face.samples);
    track.verdict = face.verdict;
    track.reason = face.reason;
    if (!track.decided && face.verdict != Verdict::kUndecided) track.decided = time;
  }

  void measure(const FrameView& view) {
    const cv::Size size = upright_size(view);
    cv::Mat grey;
    cv::cvtColor(rgb_region(view, {{}, size}), grey, cv::COLOR_RGB2GRAY);
    cv::Mat edges;
    cv::Laplacian(grey, edges, CV_32F);
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(edges, mean, deviation);
    sharpness_ += deviation[0] * deviation[0];
    brightness_ += cv::mean(grey)[0];
    pixels_ += double{1} * size.width * size.height;
    ++looks_;
  }

  Session& session_;
  const PlayOptions& options_;
  std::map<TrackId, TrackScores> tracks_;
  std::optional<Timestamp> first_;
  Reason reason_ = Reason::kNoFace;
  int looks_ = 0;
  double sharpness_ = 0, brightness_ = 0, pixels_ = 0;
};

}  // namespace

ClipScore unscored(const Clip& clip) {
  ClipScore score;
  score.file = clip.file;
  score.fake = clip.fake;
  score.generator = clip.generator;
  score.group = clip.group;
  score.compression = clip.compression;
  score.identity = clip.identity;
  score.source = clip.source;
  score.verdict = to_string(Verdict::kUndecided);
  score.reason = to_string(Reason::kError);
  return score;
}

ClipScore play_clip(const Clip& clip, const std::shared_ptr<Engine>& engine,
                    const PlayOptions& options) {
  ClipScore score = unscored(clip);
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(clip.path, error);
  if (!error) score.bytes = static_cast<double>(bytes);
  const std::unique_ptr<Session> session = open_session(engine, options.face_model);
  ClipPlayer player(*session, options);
  if (is_picture(clip.path)) {
    player.show(frame_of(read_picture(clip.path)));
  } else {
    VideoReader reader(clip.path);
    std::int64_t frames = 0;
    while (std::optional<Frame> frame = reader.next()) {
      player.show(*std::move(frame));
      ++frames;
    }
    DFD_REQUIRE(frames > 0, ErrorCode::kIo, clip.path << ": no frame of video");
  }
  player.finish();
  player.tell(score);
  return score;
}

}  // namespace dfd
