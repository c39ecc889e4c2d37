// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/crops.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "base/file.h"
#include "base/picture.h"
#include "data/clip_files.h"
#include "data/picture.h"
#include "data/read_or_say.h"
#include "data/video.h"
#include "face/face_finder.h"
#include "face/quality.h"

namespace dfd {
namespace {

// A track with fewer samples than this part of a window is a passer-by, or no face at all.
constexpr std::size_t kShortestPart = 4;

struct ClipLength {
  std::int64_t frames = 0;
  double seconds = 0;
};

ClipLength measure(const std::string& path) {
  VideoReader reader(path);
  ClipLength length;
  Timestamp first{};
  Timestamp last{};
  while (const auto frame = reader.next()) {
    if (length.frames++ == 0) first = frame->time;
    last = frame->time;
  }
  DFD_REQUIRE(length.frames > 0, ErrorCode::kIo, path << ": no frame of video");
  const double span = std::chrono::duration<double>(last - first).count();
  // The last frame is shown as long as the others.
  if (length.frames > 1) {
    length.seconds =
        span * static_cast<double>(length.frames) / static_cast<double>(length.frames - 1);
  }
  return length;
}

std::vector<std::int64_t> chosen_frames(std::int64_t count, const SamplingRule& rule) {
  std::vector<std::int64_t> chosen;
  const std::int64_t step = std::max<std::int64_t>(count / rule.frames, 1);
  for (std::int64_t i = 0; i < rule.frames; ++i) {
    const std::int64_t frame =
        rule.choice == FrameChoice::kSeed ? i * step : i * count / rule.frames;
    if (frame < count && (chosen.empty() || frame > chosen.back())) chosen.push_back(frame);
  }
  return chosen;
}

struct TrackCrops {
  std::vector<Crop> crops;
  double area = 0;  // Of all its boxes together.

  double mean_area() const { return area / static_cast<double>(crops.size()); }
};

// None when nothing of the face lies in the frame.
std::optional<Crop> cut(const FrameView& view, const FaceDetection& face, const InputRule& rule) {
  const std::optional<CropPlan> plan = plan_face(view, face.box, face.landmarks, rule);
  if (!plan) return std::nullopt;
  Crop crop{make_crop(*plan, rule), std::nullopt, std::min(face.box.width, face.box.height)};
  if (face.landmarks && plan->to_crop) {
    crop.landmarks.emplace();
    for (std::size_t i = 0; i < crop.landmarks->size(); ++i) {
      const PointF& point = (*face.landmarks)[i];
      const cv::Vec2d place = *plan->to_crop * cv::Vec3d(point.x, point.y, 1);
      (*crop.landmarks)[i] = {static_cast<float>(place[0]), static_cast<float>(place[1])};
    }
  }
  return crop;
}

// Collects the crops of a clip's tracks, found as the element finds them.
class CropCollector {
 public:
  // samples: that a track can have at most.
  CropCollector(const SamplingRule& rule, int samples)
      : rule_(rule),
        samples_(samples),
        detector_(make_face_detector(rule.face_model, rule.input.crop)),
        finder_(detector_.get(), FinderConfig()) {}

  void look(const Frame& frame, bool sample) {
    if (!sample && !finder_.due(frame.time)) return;
    const auto& faces = finder_.find(frame.view, thumbnail_of(frame.view), frame.time);
    std::vector<RectF> visible;
    for (const TrackedFace& face : faces) {
      if (face.visible) visible.push_back(face.face.box);
    }
    for (const TrackedFace& face : faces) {
      if (!sample || !face.visible) continue;
      const RectF& box = face.face.box;
      if (std::min(box.width, box.height) < static_cast<float>(FinderConfig().min_face_size))
        continue;
      const std::optional<Crop> judged = cut(frame.view, face.face, rule_.input);
      if (!judged) continue;
      if (quality_of(judged->rgb, face.face, visible, detector_->least_confidence()) !=
          Reason::kNone) {
        continue;
      }
      const std::optional<Crop> kept =
          rule_.master ? cut(frame.view, face.face, *rule_.master) : judged;
      if (!kept) continue;
      TrackCrops& track = tracks_[face.id];
      track.crops.push_back(*kept);
      track.area += double{box.width} * box.height;
    }
  }

  // By ascending id.
  std::vector<std::vector<Crop>> chosen() {
    std::vector<TrackCrops> tracks;
    const bool any_length = rule_.tracks == TrackChoice::kLongest;
    for (auto& [id, track] : tracks_) {
      const bool long_enough =
          track.crops.size() * kShortestPart >= static_cast<std::size_t>(samples_);
      if (any_length || long_enough) tracks.push_back(std::move(track));
    }
    if (rule_.tracks != TrackChoice::kAll && !tracks.empty()) {
      const bool by_size = rule_.tracks == TrackChoice::kLargest;
      tracks = {*std::max_element(
          tracks.begin(), tracks.end(), [&](const TrackCrops& a, const TrackCrops& b) {
            return by_size ? a.mean_area() < b.mean_area() : a.crops.size() < b.crops.size();
          })};
    }
    std::vector<std::vector<Crop>> crops;
    crops.reserve(tracks.size());
    for (TrackCrops& track : tracks) crops.push_back(std::move(track.crops));
    return crops;
  }

 private:
  const SamplingRule& rule_;
  int samples_;
  std::unique_ptr<FaceDetector> detector_;
  FaceFinder finder_;
  std::map<TrackId, TrackCrops> tracks_;
};

// A clip of one frame, of which nobody knows the rate.
ClipCrops read_picture_crops(const std::string& path, const SamplingRule& rule) {
  const Frame frame = frame_of(read_picture(path));
  ClipCrops result;
  if (rule.input.crop == CropRule::kFullFrame) {
    result.tracks = {{Crop{crop_frame(frame.view, rule.input), std::nullopt, 0}}};
    return result;
  }
  CropCollector faces(rule, 1);
  faces.look(frame, true);
  result.tracks = faces.chosen();
  return result;
}

}  // namespace

const char* to_string(TrackChoice choice) noexcept {
  switch (choice) {
    case TrackChoice::kLongest:
      return "longest";
    case TrackChoice::kLargest:
      return "largest";
    case TrackChoice::kAll:
      return "all";
  }
  return "longest";
}

SamplingRule make_rule(const SamplingOptions& options, const InputRule& input) {
  DFD_REQUIRE(options.frames >= 1 && options.frames <= 256, ErrorCode::kInvalidArgument,
              "frames: 1 to 256 expected");
  SamplingRule rule;
  rule.input.size = input.size;
  rule.input.mean = input.mean;
  rule.input.std = input.std;
  rule.frames = options.frames;
  rule.tracks = options.tracks;
  if (options.region == Region::kFullFrame) {
    rule.input.crop = CropRule::kFullFrame;
    return rule;
  }
  rule.input.crop = options.crop;
  rule.input.margin = options.margin.value_or(options.crop == CropRule::kBox ? 0 : kUsualMargin);
  const auto [least, most] = margin_range(rule.input);
  DFD_REQUIRE(rule.input.margin >= least && rule.input.margin <= most, ErrorCode::kInvalidArgument,
              "margin " << rule.input.margin << ": " << least << " to " << most
                        << " expected with crop \"" << to_string(options.crop) << "\" of "
                        << rule.input.size << " pixels");
  rule.face_model = options.face_model;
  rule.input.face_detector = make_face_detector(rule.face_model, options.crop)->name();
  return rule;
}

std::string key_of(const SamplingRule& rule) {
  // To be raised whenever faces are found, followed, judged or cut in another way than before: what
  // is kept is then made anew.
  constexpr int kCropsVersion = 7;
  std::ostringstream key;
  key << kCropsVersion << ' ' << rule.frames << ' ' << static_cast<int>(rule.choice) << ' '
      << to_string(rule.tracks);
  const auto add = [&](const InputRule& input) {
    key << ' ' << to_string(input.crop) << ' ' << input.size << ' ' << print(input.margin) << ' '
        << print(input.mean) << ' ' << print(input.std);
  };
  add(rule.input);
  key << ' ' << rule.input.face_detector;
  if (!rule.face_model.empty()) key << ' ' << sha256_of_file(rule.face_model);
  if (rule.master) add(*rule.master);
  return key.str();
}

std::vector<cv::Mat> pictures_of(const std::vector<Crop>& crops) {
  std::vector<cv::Mat> pictures;
  pictures.reserve(crops.size());
  for (const Crop& crop : crops) pictures.push_back(crop.rgb);
  return pictures;
}

ClipCrops read_crops(const std::string& path, const SamplingRule& rule) {
  if (is_picture(path)) return read_picture_crops(path, rule);
  const ClipLength length = measure(path);
  const std::vector<std::int64_t> chosen = chosen_frames(length.frames, rule);
  ClipCrops result;
  if (length.seconds > 0) result.sample_rate = rule.frames / length.seconds;
  std::optional<CropCollector> faces;
  if (rule.input.crop != CropRule::kFullFrame) faces.emplace(rule, rule.frames);
  std::vector<Crop> whole;
  VideoReader reader(path);
  auto next = chosen.begin();
  for (std::int64_t i = 0; const auto frame = reader.next(); ++i) {
    const bool sample = next != chosen.end() && *next == i;
    if (sample) ++next;
    if (faces) {
      faces->look(*frame, sample);
    } else if (sample) {
      whole.push_back({crop_frame(frame->view, rule.input), std::nullopt, 0});
    }
  }
  if (faces) {
    result.tracks = faces->chosen();
  } else if (!whole.empty()) {
    result.tracks.push_back(std::move(whole));
  }
  return result;
}

std::optional<ClipCrops> read_crops_or_say(const std::string& path, const SamplingRule& rule,
                                           const Say& say) {
  return read_or_say([&] { return read_crops(path, rule); }, say, "; this clip is left out");
}

}  // namespace dfd
