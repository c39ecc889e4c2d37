// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/embeddings.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "samples/kept_file.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Crops that a random backbone's batch norms are set from: enough for stable means.
constexpr std::size_t kCalibrationClips = 16;
constexpr std::size_t kCropsPerClip = 4;

// To be raised whenever faces are found, followed, judged or cut in another way than before: cached
// embeddings are then made anew.
constexpr int kCropsVersion = 4;

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
  const std::string text = clip.digest + ' ' + rule_key;
  return sha256(text.data(), text.size()) + ".safetensors";
}

constexpr const char* kFeatures = "features";

std::string track_name(std::size_t number) { return "track." + std::to_string(number); }

Backbone random_backbone(std::uint64_t seed, const std::vector<Clip>& clips,
                         const SamplingRule& rule, const Say& say) {
  std::vector<cv::Mat> crops;
  for (std::size_t i = 0; i < clips.size() && i < kCalibrationClips; ++i) {
    // Spread over the list: both classes, many people.
    const Clip& clip = clips[i * clips.size() / std::min(clips.size(), kCalibrationClips)];
    const std::optional<ClipCrops> read = read_crops_or_say(clip.path, rule, say);
    if (!read) continue;
    for (const auto& found : read->tracks) {
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

// None: not there, or damaged, which is said.
std::optional<KeptFile> read_cached(const std::string& path, const Say& say) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    return read_kept(path, kFeatures);
  } catch (const Error& damage) {
    if (damage.code() != ErrorCode::kCorruptModel) throw;
    say(std::string(damage.what()) + "; it is set aside as " + set_aside(path) + " and made anew");
    return std::nullopt;
  }
}

// None: the clip cannot be read, which is said.
std::optional<KeptFile> features_of(const Clip& clip, const Backbone& backbone,
                                    const SamplingRule& rule, const Say& say) {
  if (clip.digest.empty()) {
    say(clip.path + ": cannot be read; this clip is left out");
    return std::nullopt;
  }
  const std::optional<ClipCrops> crops = read_crops_or_say(clip.path, rule, say);
  if (!crops) return std::nullopt;
  KeptFile kept;
  for (std::size_t i = 0; i < crops->tracks.size(); ++i) {
    kept.tensors[track_name(i)] = embed(backbone.network, crops->tracks[i], rule.input);
  }
  kept.tensors["sample_rate"] = at::tensor({crops->sample_rate}, at::kDouble);
  return kept;
}

ClipFeatures unpack(const KeptFile& kept) {
  ClipFeatures found;
  for (auto track = kept.tensors.find(track_name(0)); track != kept.tensors.end();
       track = kept.tensors.find(track_name(found.tracks.size()))) {
    found.tracks.push_back(track->second);
  }
  found.sample_rate = kept.tensors.at("sample_rate")[0].item<double>();
  return found;
}

}  // namespace

std::string cache_folder(const std::string& given, const std::string& data) {
  return given.empty() ? (fs::path(data) / ".features").string() : given;
}

Backbone load_backbone(const std::string& name, const std::vector<Clip>& clips,
                       const SamplingRule& rule, const Say& say) {
  const std::string prefix = "random:";
  Backbone backbone = [&] {
    if (name.rfind(prefix, 0) != 0) return backbone_from_file(name);
    std::uint64_t seed = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, seed);
    DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end, ErrorCode::kInvalidArgument,
                "backbone \"" << name << "\": random:SEED with a whole number expected");
    return random_backbone(seed, clips, rule, say);
  }();
  backbone.network.fold(at::kCPU);
  return backbone;
}

std::vector<ClipFeatures> embed_clips(const std::vector<Clip>& clips, const Backbone& backbone,
                                      const SamplingRule& rule, const std::string& cache,
                                      const EmbedProgress& progress) {
  std::error_code error;
  fs::create_directories(cache, error);
  DFD_REQUIRE(!error, ErrorCode::kIo,
              cache << ": cannot be made: " << error.message() << "; name another with --cache");
  std::vector<ClipFeatures> features;
  const std::string key = rule_key(backbone, rule);
  int computed = 0;
  for (const Clip& clip : clips) {
    const std::string path = (fs::path(cache) / cache_name(clip, key)).string();
    std::optional<KeptFile> kept = read_cached(path, progress.say);
    if (!kept) {
      ++computed;
      kept = features_of(clip, backbone, rule, progress.say);
      if (kept) write_kept(path, kFeatures, *kept);
    }
    features.push_back(kept ? unpack(*kept) : ClipFeatures{{}, 0, true});
    progress.embedded(static_cast<int>(features.size()), static_cast<int>(clips.size()), computed);
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
