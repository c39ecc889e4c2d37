// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/model_config.h"

#include <cmath>

#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kTrainingPrefix = "training.";
constexpr const char* kHeadPrefix = "head.";
constexpr const char* kBackboneKeys = "backbone.";  // Of its metadata; tensors have another prefix.
constexpr const char* kHeadType = "type";
constexpr const char* kTrue = "true";
constexpr const char* kFalse = "false";

void require_kind(const MetadataReader& reader, const std::string& expected) {
  const std::string kind = reader.optional_text("kind");
  DFD_REQUIRE(!kind.empty(), ErrorCode::kUnsupportedModel,
              reader.path() << ": no \"kind\" in its metadata: a safetensors file, but not one of "
                               "deepfake-trainer; use deepfake-trainer import");
  DFD_REQUIRE(kind == expected, ErrorCode::kUnsupportedModel,
              reader.path() << ": holds a " << kind << ", a " << expected << " is needed here");
  reader.known("format_version", kFormatVersion);
}

void read_backbone(const MetadataReader& reader, BackboneInfo& info, InputRule& input) {
  reader.known("input.color", "rgb");
  info.name = reader.text("backbone.name");
  info.source = reader.text("backbone.source");
  info.digest = reader.optional_text("backbone.digest");
  info.warning = reader.optional_text("backbone.warning");
  const std::string people = reader.optional_text("backbone.knows_people");
  DFD_REQUIRE(
      people.empty() || people == kTrue || people == kFalse, ErrorCode::kCorruptModel,
      reader.path() << ": metadata \"backbone.knows_people\": true or false expected, found \""
                    << people << "\"");
  if (!people.empty()) info.knows_people = people == kTrue;
  info.settings = reader.with_prefix(kBackboneKeys);
  for (const char* known : {"name", "source", "digest", "warning", "knows_people"}) {
    info.settings.erase(known);
  }
  // Each kind of backbone has its own range within this one.
  constexpr std::int64_t kLargest = 4096;
  input.size = static_cast<int>(reader.integer("input.size", 1, kLargest));
  input.mean = reader.triple("input.mean", -1024.0, 1024.0);
  input.std = reader.triple("input.std", 1e-3, 1e6);
}

CropRule read_crop(const MetadataReader& reader) {
  const std::string& name = reader.text("input.crop");
  for (const CropRule rule :
       {CropRule::kFullFrame, CropRule::kBox, CropRule::kAligned, CropRule::kSquare}) {
    if (name == to_string(rule)) return rule;
  }
  throw Error(ErrorCode::kUnsupportedModel,
              reader.path() + ": input.crop \"" + name +
                  "\", this version knows \"full-frame\", \"box\", \"aligned\" and \"square\"");
}

void print_backbone(const BackboneInfo& info, const InputRule& input, Metadata& metadata) {
  metadata["format_version"] = kFormatVersion;
  metadata["backbone.name"] = info.name;
  metadata["backbone.source"] = info.source;
  if (!info.digest.empty()) metadata["backbone.digest"] = info.digest;
  if (!info.warning.empty()) metadata["backbone.warning"] = info.warning;
  if (info.knows_people) metadata["backbone.knows_people"] = *info.knows_people ? kTrue : kFalse;
  for (const auto& [key, value] : info.settings) metadata[kBackboneKeys + key] = value;
  metadata["input.color"] = "rgb";
  metadata["input.size"] = std::to_string(input.size);
  metadata["input.mean"] = print(input.mean);
  metadata["input.std"] = print(input.std);
}

}  // namespace

const char* to_string(CropRule rule) noexcept {
  switch (rule) {
    case CropRule::kFullFrame:
      return "full-frame";
    case CropRule::kBox:
      return "box";
    case CropRule::kAligned:
      return "aligned";
    case CropRule::kSquare:
      return "square";
  }
  return "box";
}

MarginRange margin_range(const InputRule& rule) noexcept {
  // Beyond three sides of a face there is more background than face.
  constexpr MarginRange kSides{1, 3};
  const bool in_sides = rule.crop == CropRule::kAligned || rule.crop == CropRule::kSquare;
  return in_sides ? kSides : MarginRange{0, rule.size - 1.0};
}

ModelConfig parse_model_config(const SafetensorsFile& file) {
  const MetadataReader reader(file.path(), file.metadata());
  require_kind(reader, "model");
  ModelConfig config;
  read_backbone(reader, config.backbone, config.input);
  config.input.crop = read_crop(reader);
  const MarginRange margin = margin_range(config.input);
  config.input.margin = reader.number("input.margin", margin.least, margin.most);
  config.input.face_detector = reader.text("input.face_detector");
  config.window_length = static_cast<int>(reader.integer("window.length", 1, 256));
  config.sample_rate = reader.rate("window.sample_rate");
  config.head.settings = reader.with_prefix(kHeadPrefix);
  config.head.type = reader.text(std::string(kHeadPrefix) + kHeadType);
  config.head.settings.erase(kHeadType);
  config.temperature = reader.number("calibration.temperature", 1e-3, 1e3);
  config.bias = reader.number("calibration.bias", -1e3, 1e3);
  config.threshold = reader.number("threshold", 0.0, 1.0);
  config.training = reader.with_prefix(kTrainingPrefix);
  return config;
}

Metadata to_metadata(const ModelConfig& config) {
  Metadata metadata;
  print_backbone(config.backbone, config.input, metadata);
  metadata["kind"] = "model";
  metadata["input.crop"] = to_string(config.input.crop);
  metadata["input.margin"] = print(config.input.margin);
  metadata["input.face_detector"] = config.input.face_detector;
  metadata["window.length"] = std::to_string(config.window_length);
  metadata["window.sample_rate"] = std::to_string(config.sample_rate.numerator) + "/" +
                                   std::to_string(config.sample_rate.denominator);
  metadata[std::string(kHeadPrefix) + kHeadType] = config.head.type;
  for (const auto& [key, value] : config.head.settings) metadata[kHeadPrefix + key] = value;
  metadata["calibration.temperature"] = print(config.temperature);
  metadata["calibration.bias"] = print(config.bias);
  metadata["threshold"] = print(config.threshold);
  for (const auto& [key, value] : config.training) metadata[kTrainingPrefix + key] = value;
  return metadata;
}

Metadata with_config(const SafetensorsFile& file, const ModelConfig& config) {
  Metadata metadata = to_metadata(config);
  const std::string training = kTrainingPrefix;
  for (const auto& [key, value] : file.metadata()) {
    if (key.rfind(training, 0) != 0) metadata.emplace(key, value);
  }
  return metadata;
}

void parse_backbone(const SafetensorsFile& file, BackboneInfo& info, InputRule& input) {
  const MetadataReader reader(file.path(), file.metadata());
  require_kind(reader, "backbone");
  read_backbone(reader, info, input);
}

Metadata backbone_metadata(const BackboneInfo& info, const InputRule& input) {
  Metadata metadata;
  print_backbone(info, input, metadata);
  metadata["kind"] = "backbone";
  return metadata;
}

void require_mtcnn(const SafetensorsFile& file) {
  const MetadataReader reader(file.path(), file.metadata());
  require_kind(reader, "face-detector");
  reader.known("detector.name", "mtcnn");
}

bool knows_people(const ModelConfig& config) {
  return config.input.crop != CropRule::kFullFrame && config.backbone.knows_people.value_or(false);
}

double calibrated(double logit, const ModelConfig& config) {
  return 1 / (1 + std::exp(-(logit - config.bias) / config.temperature));
}

}  // namespace dfd
