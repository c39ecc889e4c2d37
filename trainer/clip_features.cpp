// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clip_features.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Crops that a random backbone's batch norms are set from: enough for stable means.
constexpr std::size_t kCalibrationClips = 16;
constexpr std::size_t kCropsPerClip = 4;

// To be raised whenever faces are found, followed, judged or cut in another way than before: cached
// embeddings are then made anew.
constexpr int kCropsVersion = 3;

std::string digest_of(const TensorMap& tensors) {
  std::string all;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor flat = tensor.contiguous();
    all += name + sha256(flat.data_ptr(), flat.nbytes());
  }
  return sha256(all.data(), all.size());
}

// All but the clip that embeddings depend on.
std::string rule_key(const Backbone& backbone, const SamplingRule& rule) {
  std::ostringstream key;
  key << kCropsVersion << ' ' << backbone.info.digest << ' ' << rule.frames << ' '
      << static_cast<int>(rule.choice) << ' ' << to_string(rule.tracks);
  for (const auto& [name, value] : backbone_metadata({}, rule.input)) key << ' ' << name << value;
  key << ' ' << to_string(rule.input.crop) << ' ' << rule.input.margin << ' '
      << rule.input.face_detector;
  if (!rule.face_model.empty()) key << ' ' << sha256_of_file(rule.face_model);
  return key.str();
}

std::string cache_name(const Clip& clip, const std::string& rule_key) {
  const std::string text = sha256_of_file(clip.path) + ' ' + rule_key;
  return sha256(text.data(), text.size()) + ".safetensors";
}

std::string track_name(std::size_t number) { return "track." + std::to_string(number); }

Backbone random_backbone(std::uint64_t seed, const std::vector<Clip>& clips,
                         const SamplingRule& rule) {
  std::vector<cv::Mat> crops;
  for (std::size_t i = 0; i < clips.size() && i < kCalibrationClips; ++i) {
    // Spread over the list: both classes, many people.
    const Clip& clip = clips[i * clips.size() / std::min(clips.size(), kCalibrationClips)];
    for (const auto& found : read_crops(clip.path, rule).tracks) {
      for (std::size_t j = 0; j < std::min(found.size(), kCropsPerClip); ++j) {
        crops.push_back(found[j * found.size() / kCropsPerClip % found.size()]);
      }
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
  const std::string key = rule_key(backbone, rule);
  int computed = 0;
  for (const Clip& clip : clips) {
    const std::string path = (fs::path(cache) / cache_name(clip, key)).string();
    if (!fs::exists(path)) {
      ++computed;
      const ClipCrops crops = read_crops(clip.path, rule);
      TensorMap tensors;
      for (std::size_t i = 0; i < crops.tracks.size(); ++i) {
        tensors[track_name(i)] = embed(backbone.network, crops.tracks[i], rule.input);
      }
      tensors["sample_rate"] = at::tensor({crops.sample_rate}, at::kDouble);
      write_tensors(path, {{"kind", "features"}}, tensors);
    }
    const TensorMap tensors = read_tensors(SafetensorsFile(path));
    ClipFeatures found;
    for (auto track = tensors.find(track_name(0)); track != tensors.end();
         track = tensors.find(track_name(found.tracks.size()))) {
      found.tracks.push_back(track->second);
    }
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
