// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/frozen_backbone.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "backbone/inception_resnet_v1.h"
#include "backbone/input.h"
#include "base/check.h"
#include "samples/crop_store.h"
#include "samples/kept_crops.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

// Crops that a random backbone's batch norms are set from: enough for stable means.
constexpr std::size_t kCalibrationClips = 16;
constexpr std::size_t kCropsPerClip = 4;

// What is random is of this kind.
constexpr const char* kRandomKind = kInceptionResnetV1;
constexpr const char* kRandomPrefix = "random:";

// None: the name is a file's.
std::optional<std::uint64_t> seed_of(const std::string& name) {
  const std::string prefix = kRandomPrefix;
  if (name.rfind(prefix, 0) != 0) return std::nullopt;
  std::uint64_t seed = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, seed);
  DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end, ErrorCode::kInvalidArgument,
              "backbone \"" << name << "\": random:SEED with a whole number expected");
  return seed;
}

// Crops spread over the clips: both classes, many people.
std::vector<cv::Mat> some_crops(const std::vector<Clip>& clips, const SamplingRule& rule,
                                const std::string& cache, const Say& say) {
  const std::size_t count = std::min(clips.size(), kCalibrationClips);
  std::vector<Clip> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(clips[i * clips.size() / count]);
  CropStore store(cache, CropFormat::kLossless, say);
  std::vector<cv::Mat> crops;
  visit_crops(some, rule, store, say, [&](std::size_t, const std::optional<ClipCrops>& read) {
    if (!read) return;
    for (const auto& found : read->tracks) {
      for (std::size_t j = 0; j < std::min(found.size(), kCropsPerClip); ++j) {
        crops.push_back(found[j * found.size() / kCropsPerClip % found.size()].rgb);
      }
    }
  });
  return crops;
}

BackboneParts random_backbone(std::uint64_t seed, const std::vector<Clip>& clips,
                              const SamplingRule& rule, const std::string& cache, const Say& say) {
  const std::vector<cv::Mat> crops = some_crops(clips, rule, cache, say);
  DFD_REQUIRE(crops.size() > 1, ErrorCode::kInvalidArgument,
              "a random backbone needs faces to set its statistics from; none were found");
  const BackboneKind& kind = backbone_kind(kRandomKind, "random");
  TensorSource source("random", kind.random_weights(seed, kind.settings));
  BackboneParts parts;
  parts.network = kind.make(source, "", {});
  parts.network->calibrate(to_network_input(crops, rule.input));
  parts.tensors = parts.network->tensors();
  for (auto& [name, tensor] : parts.tensors) tensor = tensor.clone();
  parts.info.name = kRandomKind;
  parts.info.source = "random, seed " + std::to_string(seed);
  parts.info.warning = kRandomBackboneWarning;
  parts.info.digest = digest_of(parts.tensors);
  parts.info.knows_people = false;
  parts.input = rule.input;
  return parts;
}

// Null: the name is that of no file, or the file is of another kind.
std::unique_ptr<SafetensorsFile> model_file(const std::string& name) {
  if (seed_of(name) || is_new(name)) return nullptr;
  auto file = std::make_unique<SafetensorsFile>(name);
  const auto kind = file->metadata().find("kind");
  if (kind == file->metadata().end() || kind->second != "model") return nullptr;
  return file;
}

}  // namespace

InputRule input_of_backbone(const std::string& name) {
  if (seed_of(name)) return backbone_kind(kRandomKind, name).input;
  if (is_new(name)) {
    return backbone_kind(name.substr(std::string(kNewPrefix).size()), name).input;
  }
  return read_backbone_input(name);
}

TensorMap head_of_backbone(const std::string& name) {
  const std::unique_ptr<SafetensorsFile> model = model_file(name);
  return model ? split_tensors(read_tensors(*model)).head : TensorMap{};
}

int fake_index_of_backbone(const std::string& name) {
  const std::unique_ptr<SafetensorsFile> model = model_file(name);
  if (!model) return 1;
  const HeadInfo head = parse_model_config(*model).head;
  if (head.settings.count(kFakeIndex) == 0) return 1;
  return static_cast<int>(MetadataReader(name, head.settings, "head.").integer(kFakeIndex, 0, 1));
}

Metadata training_of_backbone(const std::string& name) {
  const std::unique_ptr<SafetensorsFile> model = model_file(name);
  return model ? parse_model_config(*model).training : Metadata{};
}

BackboneParts load_backbone(const std::string& name, const std::vector<Clip>& clips,
                            const SamplingRule& rule, const std::string& cache, const Say& say) {
  const std::optional<std::uint64_t> seed = seed_of(name);
  BackboneParts backbone =
      seed ? random_backbone(*seed, clips, rule, cache, say) : read_backbone(name);
  DFD_REQUIRE(backbone.network->clip_length() == 0, ErrorCode::kInvalidArgument,
              name << ": " << backbone.info.name
                   << " takes whole clips; train a head on it as it is "
                      "with --unfreeze 0, or more of it with --unfreeze N");
  backbone.network->fold(at::kCPU, at::kFloat);
  return backbone;
}

}  // namespace dfd
