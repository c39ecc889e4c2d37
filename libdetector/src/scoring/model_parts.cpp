// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scoring/model_parts.h"

#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

// What its kind wants of a backbone's metadata, and says where they do not.
void settle(BackboneInfo& info, const InputRule& input, const std::string& path) {
  const BackboneKind& kind = backbone_kind(info.name, path);
  DFD_REQUIRE(
      input.size >= kind.least_size && input.size <= kind.most_size, ErrorCode::kCorruptModel,
      path << ": metadata \"input.size\": " << input.size << " is outside [" << kind.least_size
           << ", " << kind.most_size << "], which " << info.name << " takes");
  if (!info.knows_people) {
    info.knows_people = kind.knows_people && info.warning != kRandomBackboneWarning;
  }
}

TensorMap without_prefix(const TensorMap& tensors) {
  const std::string prefix = kBackbonePrefix;
  TensorMap found;
  for (const auto& [name, tensor] : tensors) {
    if (name.rfind(prefix, 0) == 0) found[name.substr(prefix.size())] = tensor;
  }
  return found;
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

std::unique_ptr<Backbone> make_backbone(TensorSource& source, const ModelConfig& config) {
  return backbone_kind(config.backbone.name, source.path()).make(source, kBackbonePrefix);
}

std::shared_ptr<Head> make_head(TensorSource& source, const ModelConfig& config,
                                const at::Device& device, at::ScalarType type) {
  return head_kind(config.head.type, source.path()).make(source, config.head, device, type);
}

void require_fit(const Backbone& backbone, const Head& head, const std::string& path) {
  DFD_REQUIRE(backbone.embedding_size() == head.embedding_size(), ErrorCode::kUnsupportedModel,
              path << ": its backbone gives " << backbone.embedding_size()
                   << " numbers, its head takes " << head.embedding_size());
}

ModelParts read_model(const std::string& path) {
  const SafetensorsFile file(path);
  ModelParts parts;
  parts.config = read_config(file);
  TensorMap tensors = read_tensors(file);
  // Two backbones of which nobody said what they are must not pass for one.
  std::string& digest = parts.config.backbone.digest;
  if (digest.empty()) digest = digest_of(without_prefix(tensors));
  TensorSource source(path, std::move(tensors));
  parts.backbone = make_backbone(source, parts.config);
  parts.head = make_head(source, parts.config, at::kCPU, at::kFloat);
  source.require_empty();
  require_fit(*parts.backbone, *parts.head, path);
  return parts;
}

void check_tensors(const ModelConfig& config, const TensorMap& tensors, const std::string& path) {
  TensorSource source(path, tensors);
  const auto backbone = make_backbone(source, config);
  const auto head = make_head(source, config, at::kCPU, at::kFloat);
  source.require_empty();
  require_fit(*backbone, *head, path);
}

BackboneParts read_backbone(const std::string& path) {
  const SafetensorsFile file(path);
  BackboneParts parts;
  const bool whole_model = read_about_backbone(file, parts.info, parts.input);
  parts.tensors = read_tensors(file);
  if (whole_model) parts.tensors = without_prefix(parts.tensors);
  // Whatever the file says: a copy that was trained on may have kept what was said of the first.
  parts.info.digest = digest_of(parts.tensors);
  TensorSource source(path, parts.tensors);
  parts.network = backbone_kind(parts.info.name, path).make(source, "");
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
