// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/frozen_backbone.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"

namespace dfd {
namespace {

// Crops that a random backbone's batch norms are set from: enough for stable means.
constexpr std::size_t kCalibrationClips = 16;
constexpr std::size_t kCropsPerClip = 4;

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

}  // namespace

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

}  // namespace dfd
