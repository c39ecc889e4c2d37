// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scoring/model_parts.h"

#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

// What its kind wants of a backbone's metadata, and says where they do not.
void settle(BackboneInfo& info, const InputRule& input, const std::string& path) {
  const BackboneKind& kind = backbone_kind(info.name, path);
  require_size(kind, input.size, ErrorCode::kCorruptModel,
               path + ": metadata \"input.size\" of " + info.name);
  if (info.settings.count(kFrames) > 0) {
    const int frames = frames_of(MetadataReader(path, info.settings, "backbone."));
    require_clip(frames, input.size, ErrorCode::kCorruptModel, path + ": " + info.name);
  }
  if (!info.knows_people) {
    info.knows_people = kind.knows_people && info.warning != kRandomBackboneWarning;
  }
}

// True: the file holds a whole model.
bool read_about_backbone(const SafetensorsFile& file, BackboneInfo& info, InputRule& input) {
  const auto kind = file.metadata().find("kind");
  if (kind != file.metadata().end() && kind->second == "model") {
    const ModelConfig config = read_config(file);
    info = config.backbone;
    input = config.input;
    return true;
  }
  parse_backbone(file, info, input);
  settle(info, input, file.path());
  return false;
}

}  // namespace

ModelConfig read_config(const SafetensorsFile& file) {
  ModelConfig config = parse_model_config(file);
  settle(config.backbone, config.input, file.path());
  head_kind(config.head.type, file.path()).check(config.head, file.path());
  return config;
}

Networks make_networks(TensorSource& source, const ModelConfig& config, const at::Device& device,
                       at::ScalarType type) {
  const std::string& path = source.path();
  Networks made;
  made.backbone = backbone_kind(config.backbone.name, path)
                      .make(source, kBackbonePrefix, config.backbone.settings);
  made.head = head_kind(config.head.type, path).make(source, config.head, device, type);
  source.require_empty();
  const std::int64_t given = made.backbone->embedding_size();
  const std::int64_t taken = made.head->embedding_size();
  DFD_REQUIRE(given == taken, ErrorCode::kUnsupportedModel,
              path << ": its backbone gives " << given << " numbers, its head takes " << taken);
  const int clip = made.backbone->clip_length();
  DFD_REQUIRE(clip == 0 || clip == config.window_length, ErrorCode::kCorruptModel,
              path << ": metadata \"window.length\": " << config.window_length << ", but "
                   << config.backbone.name << " takes clips of " << clip << " crops");
  return made;
}

ModelParts read_model(const std::string& path) {
  const SafetensorsFile file(path);
  ModelParts parts;
  parts.config = read_config(file);
  TensorMap tensors = read_tensors(file);
  // Two backbones of which nobody said what they are must not pass for one.
  std::string& digest = parts.config.backbone.digest;
  if (digest.empty()) digest = digest_of(split_tensors(tensors).backbone);
  TensorSource source(path, std::move(tensors));
  parts.networks = make_networks(source, parts.config, at::kCPU, at::kFloat);
  return parts;
}

BackboneParts read_backbone(const std::string& path) {
  const SafetensorsFile file(path);
  BackboneParts parts;
  const bool whole_model = read_about_backbone(file, parts.info, parts.input);
  parts.tensors = read_tensors(file);
  if (whole_model) parts.tensors = split_tensors(parts.tensors).backbone;
  // Whatever the file says: a copy that was trained on may have kept what was said of the first.
  parts.info.digest = digest_of(parts.tensors);
  TensorSource source(path, parts.tensors);
  parts.network = backbone_kind(parts.info.name, path).make(source, "", parts.info.settings);
  source.require_empty();
  return parts;
}

InputRule read_backbone_input(const std::string& path) {
  BackboneInfo info;
  InputRule input;
  read_about_backbone(SafetensorsFile(path), info, input);
  return input;
}

}  // namespace dfd
