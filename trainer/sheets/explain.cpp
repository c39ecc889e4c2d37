// SPDX-License-Identifier: LGPL-2.1-or-later

#include "sheets/explain.h"

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/picture.h"
#include "data/picture.h"
#include "data/video.h"
#include "detector/engine.h"
#include "detector/session.h"
#include "samples/serving.h"
#include "sheets/evidence_sheet.h"

namespace dfd {
namespace {

// What became of one face.
struct TrackStory {
  std::vector<ScoredSample> samples;
  EvidenceSelection evidence;
};

// The part of the upright frame that the explanation lies over; black where it reaches out of it.
cv::Mat explained_pixels(const FrameView& view, const RectF& box, const RectF& region) {
  const RectF stored{box.x + region.x * box.width, box.y + region.y * box.height,
                     region.width * box.width, region.height * box.height};
  const RectF place = to_upright(stored, turn_of(view));
  const cv::Rect wanted(cvRound(place.x), cvRound(place.y), std::max(1, cvRound(place.width)),
                        std::max(1, cvRound(place.height)));
  const cv::Rect inside = wanted & cv::Rect({}, upright_size(view));
  cv::Mat pixels(wanted.size(), CV_8UC3, cv::Scalar::all(0));
  if (!inside.empty()) rgb_region(view, inside).copyTo(pixels(inside - wanted.tl()));
  // As large as a sheet shows it: many wait for the end.
  constexpr double kMost = 160;
  const double scale = std::min(1.0, kMost / std::max(pixels.cols, pixels.rows));
  cv::resize(pixels, pixels, {}, scale, scale, cv::INTER_AREA);
  return pixels;
}

nlohmann::ordered_json to_json(TrackId id, const ScoredSample& sample,
                               const Explanation& explanation) {
  const RectF& region = explanation.region;
  return {{"track", id},
          {"time", seconds(sample.time)},
          {"probability", sample.probability},
          {"score", sample.score},
          {"verdict", to_string(sample.verdict)},
          {"region", {region.x, region.y, region.width, region.height}},
          {"columns", explanation.map.columns},
          {"rows", explanation.map.rows},
          {"map", explanation.map.cells}};
}

std::unique_ptr<Session> open_explaining_session(
    const std::shared_ptr<Engine>& engine, const ExplainOptions& options,
    const std::function<void(const std::string&)>& say) {
  ExplainConfig explain;
  explain.on = true;
  explain.method = options.method;
  explain.rate = options.rate;
  explain.faces = SessionConfig().max_faces;
  if (!engine->model().warning.empty()) say("note: " + engine->model().warning);
  return open_session(engine, options.face_model, explain);
}

class VideoExplainer {
 public:
  VideoExplainer(const ExplainOptions& options,
                 const std::function<void(const nlohmann::ordered_json&)>& print)
      : options_(options), print_(print) {}

  void play(Session& session) {
    VideoReader reader(options_.video);
    while (const auto frame = reader.next()) {
      ++frames_;
      const std::optional<Ticket> ticket = session.offer(frame->time);
      if (!ticket) continue;
      session.push(*ticket, *frame);
      session.wait();
      const StreamReport report = session.report();
      threshold_ = report.threshold;
      for (const FaceReport& face : report.faces) look(face, *frame);
    }
    session.finish();
  }

  std::vector<ExplainedTrack> write(int window_length) {
    DFD_REQUIRE(frames_ > 0, ErrorCode::kIo, options_.video << ": no frame of video");
    DFD_REQUIRE(!windows_.empty(), ErrorCode::kInvalidArgument,
                options_.video << ": no face was found");
    std::vector<ExplainedTrack> written;
    for (const auto& [id, story] : stories_) {
      const std::string name = "track-" + std::to_string(id) + ".png";
      const std::string path = (std::filesystem::path(options_.output) / name).string();
      const std::string title = std::filesystem::path(options_.video).filename().string() +
                                "   track " + std::to_string(id) + "   " +
                                to_string(options_.method);
      write_picture(path, draw_evidence(title, story.samples, story.evidence.chosen(), threshold_));
      written.push_back({id, story.samples.back().verdict, story.samples.back().probability,
                         static_cast<int>(story.evidence.seen()), path});
    }
    DFD_REQUIRE(!written.empty(), ErrorCode::kInvalidArgument,
                options_.video << ": no face was seen well for a whole window of " << window_length
                               << " samples");
    return written;
  }

 private:
  void look(const FaceReport& face, const Frame& frame) {
    // Counts go on with each window, and begin anew with another person.
    const std::uint64_t before = std::exchange(windows_[face.track], face.windows);
    if (face.windows == 0 || face.windows == before || !face.score) return;
    const ScoredSample sample{frame.time, *face.score, face.probability.value_or(*face.score),
                              face.verdict};
    TrackStory& story = stories_[face.track];
    story.samples.push_back(sample);
    if (!face.explanation || face.explanation->time != frame.time) return;
    story.evidence.add({sample, explained_pixels(frame.view, face.box, face.explanation->region),
                        to_upright(face.explanation->map, frame.view.orientation)});
    print_(to_json(face.track, sample, *face.explanation));
  }

  const ExplainOptions& options_;
  const std::function<void(const nlohmann::ordered_json&)>& print_;
  std::map<TrackId, std::uint64_t> windows_;  // Of every face that was ever reported.
  std::map<TrackId, TrackStory> stories_;     // Of those that were scored.
  double threshold_ = 0;
  std::int64_t frames_ = 0;
};

}  // namespace

std::vector<ExplainedTrack> explain_video(
    const ExplainOptions& options, const std::function<void(const std::string&)>& say,
    const std::function<void(const nlohmann::ordered_json&)>& print) {
  DFD_REQUIRE(std::filesystem::exists(options.video), ErrorCode::kNotFound,
              options.video << ": no such file");
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  DFD_REQUIRE(!error, ErrorCode::kIo, options.output << ": cannot be made: " << error.message());
  EngineConfig config;
  config.model_file = options.model;
  const std::shared_ptr<Engine> engine = Engine::load(config);
  DFD_REQUIRE(engine->model().explains, ErrorCode::kUnsupportedModel,
              options.model << ": its networks cannot say where in a face the evidence lies");
  VideoExplainer explainer(options, print);
  explainer.play(*open_explaining_session(engine, options, say));
  return explainer.write(engine->model().window_length);
}

}  // namespace dfd
