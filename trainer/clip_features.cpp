// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clip_features.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "base/picture.h"
#include "face/face_finder.h"
#include "face/quality.h"
#include "video.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Crops that a random backbone's batch norms are set from: enough for stable means.
constexpr std::size_t kCalibrationClips = 16;
constexpr std::size_t kCropsPerClip = 4;

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

// Crops by track, found as the element finds them.
class TrackCrops {
 public:
  explicit TrackCrops(const SamplingRule& rule)
      : detector_(make_face_detector(rule.face_model, rule.input.crop)),
        finder_(detector_.get(), FinderConfig()) {}

  void look(const Frame& frame, bool sample, const InputRule& rule) {
    if (!sample && !finder_.due(frame.time)) return;
    for (const TrackedFace& face : finder_.find(frame.view, thumbnail_of(frame.view), frame.time)) {
      if (!sample || !face.visible) continue;
      const float smaller = std::min(face.face.box.width, face.face.box.height);
      if (smaller < static_cast<float>(FinderConfig().min_face_size)) continue;
      cv::Mat crop = crop_face(frame.view, face.face.box, face.face.landmarks, rule);
      if (crop.empty()) continue;
      if (quality_of(crop, face.face, detector_->least_confidence()) != Reason::kNone) continue;
      crops_[face.id].push_back(std::move(crop));
    }
  }

  std::vector<cv::Mat> longest() const {
    const auto most = std::max_element(
        crops_.begin(), crops_.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    return most == crops_.end() ? std::vector<cv::Mat>() : most->second;
  }

 private:
  std::unique_ptr<FaceDetector> detector_;
  FaceFinder finder_;
  std::map<TrackId, std::vector<cv::Mat>> crops_;
};

std::string digest_of(const TensorMap& tensors) {
  std::string all;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor flat = tensor.contiguous();
    all += name + sha256(flat.data_ptr(), flat.nbytes());
  }
  return sha256(all.data(), all.size());
}

std::string cache_key(const Clip& clip, const Backbone& backbone, const SamplingRule& rule) {
  std::ostringstream key;
  key << sha256_of_file(clip.path) << ' ' << backbone.info.digest << ' ' << rule.frames << ' '
      << static_cast<int>(rule.choice);
  for (const auto& [name, value] : backbone_metadata({}, rule.input)) key << ' ' << name << value;
  key << ' ' << static_cast<int>(rule.input.crop) << ' ' << rule.input.margin << ' '
      << rule.input.face_detector;
  const std::string text = key.str();
  return sha256(text.data(), text.size());
}

Backbone random_backbone(std::uint64_t seed, const std::vector<Clip>& clips,
                         const SamplingRule& rule) {
  std::vector<cv::Mat> crops;
  for (std::size_t i = 0; i < clips.size() && i < kCalibrationClips; ++i) {
    // Spread over the list: both classes, many people.
    const Clip& clip = clips[i * clips.size() / std::min(clips.size(), kCalibrationClips)];
    const auto found = read_crops(clip.path, rule).crops;
    for (std::size_t j = 0; j < std::min(found.size(), kCropsPerClip); ++j) {
      crops.push_back(found[j * found.size() / kCropsPerClip % found.size()]);
    }
  }
  DFD_REQUIRE(crops.size() > 1, ErrorCode::kInvalidArgument,
              "a random backbone needs faces to set its statistics from; none were found");
  TensorSource source("random", InceptionResnetV1::random_weights(seed));
  InceptionResnetV1 network(source, "");
  network.calibrate(to_network_input(crops, rule.input));
  TensorMap tensors = network.tensors();
  for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  BackboneInfo info;
  info.source = "random, seed " + std::to_string(seed);
  info.warning = kRandomBackboneWarning;
  info.digest = digest_of(tensors);
  return {std::move(network), std::move(tensors), info, rule.input};
}

Backbone backbone_from_file(const std::string& path) {
  const SafetensorsFile file(path);
  BackboneInfo info;
  InputRule input;
  parse_backbone(file, info, input);
  TensorMap tensors = read_tensors(file);
  TensorSource source(path, tensors);
  InceptionResnetV1 network(source, "");
  source.require_empty();
  info.digest = digest_of(tensors);
  return {std::move(network), std::move(tensors), info, input};
}

at::Tensor embed(const InceptionResnetV1& network, const std::vector<cv::Mat>& crops,
                 const InputRule& rule) {
  const c10::InferenceMode guard;
  return network.embed(to_network_input(crops, rule).contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace

std::string cache_folder(const std::string& given, const std::string& data) {
  return given.empty() ? (fs::path(data) / ".features").string() : given;
}

ClipCrops read_crops(const std::string& path, const SamplingRule& rule) {
  const ClipLength length = measure(path);
  const std::vector<std::int64_t> chosen = chosen_frames(length.frames, rule);
  ClipCrops result;
  if (length.seconds > 0) result.sample_rate = rule.frames / length.seconds;
  std::optional<TrackCrops> faces;
  if (rule.input.crop != CropRule::kFullFrame) faces.emplace(rule);
  VideoReader reader(path);
  auto next = chosen.begin();
  for (std::int64_t i = 0; const auto frame = reader.next(); ++i) {
    const bool sample = next != chosen.end() && *next == i;
    if (sample) ++next;
    if (faces) {
      faces->look(*frame, sample, rule.input);
    } else if (sample) {
      result.crops.push_back(crop_frame(frame->view, rule.input));
    }
  }
  if (faces) result.crops = faces->longest();
  return result;
}

Backbone load_backbone(const std::string& name, const std::vector<Clip>& clips,
                       const SamplingRule& rule) {
  const std::string prefix = "random:";
  Backbone backbone = [&] {
    if (name.rfind(prefix, 0) != 0) return backbone_from_file(name);
    std::uint64_t seed = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, seed);
    DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end, ErrorCode::kInvalidArgument,
                "backbone \"" << name << "\": random:SEED with a whole number expected");
    return random_backbone(seed, clips, rule);
  }();
  backbone.network.fold(at::kCPU);
  return backbone;
}

std::vector<ClipFeatures> embed_clips(const std::vector<Clip>& clips, const Backbone& backbone,
                                      const SamplingRule& rule, const std::string& cache,
                                      const std::function<void(int, int, int)>& progress) {
  std::error_code error;
  fs::create_directories(cache, error);
  DFD_REQUIRE(!error, ErrorCode::kIo,
              cache << ": cannot be made: " << error.message() << "; name another with --cache");
  std::vector<ClipFeatures> features;
  int computed = 0;
  for (const Clip& clip : clips) {
    const std::string path =
        (fs::path(cache) / (cache_key(clip, backbone, rule) + ".safetensors")).string();
    if (!fs::exists(path)) {
      ++computed;
      const ClipCrops crops = read_crops(clip.path, rule);
      TensorMap tensors;
      if (!crops.crops.empty()) {
        tensors["embeddings"] = embed(backbone.network, crops.crops, rule.input);
      }
      tensors["sample_rate"] = at::tensor({crops.sample_rate}, at::kDouble);
      write_tensors(path, {{"kind", "features"}}, tensors);
    }
    const TensorMap tensors = read_tensors(SafetensorsFile(path));
    ClipFeatures found;
    if (tensors.count("embeddings") > 0) found.embeddings = tensors.at("embeddings");
    found.sample_rate = tensors.at("sample_rate")[0].item<double>();
    features.push_back(found);
    progress(static_cast<int>(features.size()), static_cast<int>(clips.size()), computed);
  }
  return features;
}

at::Tensor reflect_to_length(const at::Tensor& embeddings, int frames) {
  const std::int64_t n = embeddings.size(0);
  std::vector<std::int64_t> index;
  const std::int64_t period = std::max<std::int64_t>(1, 2 * (n - 1));
  for (std::int64_t i = 0; i < frames; ++i) {
    const std::int64_t place = n == 1 ? 0 : i % period;
    index.push_back(place < n ? place : period - place);
  }
  return embeddings.index_select(0, at::tensor(index, at::kLong));
}

}  // namespace dfd
