// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/crops.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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
#include "data/video.h"
#include "face/face_finder.h"
#include "face/quality.h"

namespace dfd {
namespace {

// A track with fewer samples than this part of a window is a passer-by, or no face at all.
constexpr std::size_t kShortestPart = 4;

// Of a clip of that many frames, at least one: how far apart its samples are.
double frames_between(std::int64_t frames, const SamplingRule& rule) {
  if (rule.choice == FrameChoice::kSeed) {
    return static_cast<double>(std::max<std::int64_t>(frames / rule.frames, 1));
  }
  return std::max(static_cast<double>(frames) / rule.frames, 1.0);
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

// A clip, decoded from its first frame to its last.
struct Reading {
  ClipCrops crops;            // Those wanted of it if it has as many frames as was believed.
  std::int64_t believed = 0;  // Frames that it was to have.
  std::int64_t frames = 0;    // Those that it has.
};

// Of samples, in hertz; 0: unknown.
double sample_rate_of(std::int64_t frames, const SamplingRule& rule, Timestamp length) {
  if (frames < 2 || length <= Timestamp(0)) return 0;
  // From the first frame's beginning to the last one's.
  const double fps =
      static_cast<double>(frames - 1) / std::chrono::duration<double>(length).count();
  return fps / frames_between(frames, rule);
}

// frames: that it has, where this is known already.
Reading read_through(const std::string& path, const SamplingRule& rule,
                     std::optional<std::int64_t> frames) {
  Reading reading;
  std::optional<CropCollector> faces;
  if (rule.input.crop != CropRule::kFullFrame) faces.emplace(rule, rule.frames);
  std::vector<Crop> whole;
  std::vector<std::int64_t> chosen;
  std::size_t next = 0;
  Timestamp first{};
  Timestamp last{};
  VideoReader reader(path);
  for (; const auto frame = reader.next(); ++reading.frames) {
    last = frame->time;
    if (reading.frames == 0) {
      first = frame->time;
      reading.believed = frames.value_or(reader.expected_frames());
      chosen = chosen_frames(reading.believed, rule);
    }
    if (reading.believed == 0) continue;  // They are but counted.
    const bool sample = next < chosen.size() && chosen[next] == reading.frames;
    if (sample) ++next;
    if (faces) {
      faces->look(*frame, sample);
    } else if (sample) {
      whole.push_back({crop_frame(frame->view, rule.input), std::nullopt, 0});
    }
  }
  reading.crops.sample_rate = sample_rate_of(reading.frames, rule, last - first);
  if (faces) {
    reading.crops.tracks = faces->chosen();
  } else if (!whole.empty()) {
    reading.crops.tracks.push_back(std::move(whole));
  }
  return reading;
}

// Are its samples those of a clip of as many frames as it turned out to have, or near enough? Where
// sound is longer than the picture files state a frame or two too many.
bool well_spread(const Reading& reading, const SamplingRule& rule) {
  if (rule.choice == FrameChoice::kSeed) {
    return chosen_frames(reading.believed, rule) == chosen_frames(reading.frames, rule);
  }
  const std::int64_t off = std::abs(reading.believed - reading.frames);
  return 2 * static_cast<double>(off) <= frames_between(reading.frames, rule);
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
  constexpr int kCropsVersion = 8;
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
  Reading reading = read_through(path, rule, std::nullopt);
  DFD_REQUIRE(reading.frames > 0, ErrorCode::kIo, path << ": no frame of video");
  // Most files state how long they are; the others are decoded once more.
  if (!well_spread(reading, rule)) reading = read_through(path, rule, reading.frames);
  return std::move(reading.crops);
}

ClipCrops read_crops(const Clip& clip, const SamplingRule& rule) {
  DFD_REQUIRE(!clip.digest.empty(), ErrorCode::kIo, clip.path << ": cannot be read");
  return read_crops(clip.path, rule);
}

}  // namespace dfd
