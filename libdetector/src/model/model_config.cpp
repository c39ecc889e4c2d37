// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/model_config.h"

#include <charconv>
#include <cmath>
#include <system_error>
#include <vector>

#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kTrainingPrefix = "training.";

// Reads typed values out of one file's metadata, with the file and the key in every complaint.
class Reader {
 public:
  explicit Reader(const SafetensorsFile& file) : path_(file.path()), metadata_(file.metadata()) {}

  const std::string& text(const std::string& key) const {
    const auto found = metadata_.find(key);
    DFD_REQUIRE(found != metadata_.end(), ErrorCode::kCorruptModel,
                path_ << ": metadata \"" << key << "\" is missing");
    return found->second;
  }

  std::string optional_text(const std::string& key) const {
    const auto found = metadata_.find(key);
    return found == metadata_.end() ? "" : found->second;
  }

  void known(const std::string& key, const std::string& expected) const {
    DFD_REQUIRE(text(key) == expected, ErrorCode::kUnsupportedModel,
                path_ << ": " << key << " \"" << text(key) << "\", this version knows \""
                      << expected << "\"");
  }

  template <typename Number>
  Number number(const std::string& key, Number lowest, Number highest) const {
    return parse<Number>(key, text(key), lowest, highest);
  }

  std::array<double, 3> triple(const std::string& key, double lowest, double highest) const {
    const std::vector<std::string> parts = split(text(key), ',');
    DFD_REQUIRE(parts.size() == 3, ErrorCode::kCorruptModel,
                path_ << ": metadata \"" << key << "\": three numbers expected, found \""
                      << text(key) << "\"");
    std::array<double, 3> values{};
    for (std::size_t i = 0; i < 3; ++i) values[i] = parse(key, parts[i], lowest, highest);
    return values;
  }

  Rate rate(const std::string& key) const {
    const std::vector<std::string> parts = split(text(key), '/');
    DFD_REQUIRE(parts.size() == 2, ErrorCode::kCorruptModel,
                path_ << ": metadata \"" << key << "\": a fraction such as 5/1 expected, found \""
                      << text(key) << "\"");
    constexpr int kMost = 1000000;
    return {parse(key, parts[0], 1, kMost), parse(key, parts[1], 1, kMost)};
  }

  Metadata with_prefix(const std::string& prefix) const {
    Metadata found;
    for (const auto& [key, value] : metadata_) {
      if (key.rfind(prefix, 0) == 0) found[key.substr(prefix.size())] = value;
    }
    return found;
  }

  const std::string& path() const { return path_; }

 private:
  static std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
      if (c == separator) {
        parts.emplace_back();
      } else {
        parts.back() += c;
      }
    }
    return parts;
  }

  template <typename Number>
  Number parse(const std::string& key, const std::string& text, Number lowest,
               Number highest) const {
    Number value{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    DFD_REQUIRE(
        result.ec == std::errc() && result.ptr == end, ErrorCode::kCorruptModel,
        path_ << ": metadata \"" << key << "\": a number expected, found \"" << text << "\"");
    DFD_REQUIRE(value >= lowest && value <= highest, ErrorCode::kCorruptModel,
                path_ << ": metadata \"" << key << "\": " << text << " is outside [" << lowest
                      << ", " << highest << "]");
    return value;
  }

  std::string path_;
  const Metadata& metadata_;
};

// The shortest text that reads back as the same number, whatever the locale.
std::string print(double value) {
  std::array<char, 40> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

std::string print(const std::array<double, 3>& values) {
  return print(values[0]) + "," + print(values[1]) + "," + print(values[2]);
}

void require_kind(const Reader& reader, const std::string& expected) {
  const std::string kind = reader.optional_text("kind");
  DFD_REQUIRE(!kind.empty(), ErrorCode::kUnsupportedModel,
              reader.path() << ": no \"kind\" in its metadata: a safetensors file, but not one of "
                               "deepfake-trainer; use deepfake-trainer import");
  DFD_REQUIRE(kind == expected, ErrorCode::kUnsupportedModel,
              reader.path() << ": holds a " << kind << ", a " << expected << " is needed here");
  reader.known("format_version", kFormatVersion);
}

void read_backbone(const Reader& reader, BackboneInfo& info, InputRule& input) {
  reader.known("backbone.name", kBackboneName);
  reader.known("input.color", "rgb");
  info.source = reader.text("backbone.source");
  info.digest = reader.optional_text("backbone.digest");
  info.warning = reader.optional_text("backbone.warning");
  // Below 75 pixels nothing is left before mixed_7a; above 1024 a crop costs 100 GFLOP.
  input.size = reader.number("input.size", 75, 1024);
  input.mean = reader.triple("input.mean", -1024.0, 1024.0);
  input.std = reader.triple("input.std", 1e-3, 1e6);
}

CropRule read_crop(const Reader& reader) {
  const std::string& name = reader.text("input.crop");
  for (const CropRule rule : {CropRule::kFullFrame, CropRule::kBox, CropRule::kAligned}) {
    if (name == to_string(rule)) return rule;
  }
  throw Error(ErrorCode::kUnsupportedModel,
              reader.path() + ": input.crop \"" + name +
                  "\", this version knows \"full-frame\", \"box\" and \"aligned\"");
}

void print_backbone(const BackboneInfo& info, const InputRule& input, Metadata& metadata) {
  metadata["format_version"] = kFormatVersion;
  metadata["backbone.name"] = kBackboneName;
  metadata["backbone.source"] = info.source;
  if (!info.digest.empty()) metadata["backbone.digest"] = info.digest;
  if (!info.warning.empty()) metadata["backbone.warning"] = info.warning;
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
  }
  return "box";
}

MarginRange margin_range(const InputRule& rule) noexcept {
  // Beyond three sides of a face there is more background than face.
  constexpr MarginRange kAligned{1, 3};
  return rule.crop == CropRule::kAligned ? kAligned : MarginRange{0, rule.size - 1.0};
}

ModelConfig parse_model_config(const SafetensorsFile& file) {
  const Reader reader(file);
  require_kind(reader, "model");
  ModelConfig config;
  read_backbone(reader, config.backbone, config.input);
  config.input.crop = read_crop(reader);
  const MarginRange margin = margin_range(config.input);
  config.input.margin = reader.number("input.margin", margin.least, margin.most);
  config.input.face_detector = reader.text("input.face_detector");
  config.window_length = reader.number("window.length", 1, 256);
  config.sample_rate = reader.rate("window.sample_rate");
  reader.known("head.type", "lstm");
  // The upper limits keep a hostile header from asking for terabytes.
  config.head.embedding = reader.number<std::int64_t>("head.embedding_size", 512, 512);
  config.head.hidden = reader.number<std::int64_t>("head.hidden_size", 1, 4096);
  config.head.layers = reader.number<std::int64_t>("head.layers", 1, 8);
  config.head.classifier = reader.number<std::int64_t>("head.classifier_size", 1, 4096);
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
  metadata["head.type"] = "lstm";
  metadata["head.embedding_size"] = std::to_string(config.head.embedding);
  metadata["head.hidden_size"] = std::to_string(config.head.hidden);
  metadata["head.layers"] = std::to_string(config.head.layers);
  metadata["head.classifier_size"] = std::to_string(config.head.classifier);
  metadata["calibration.temperature"] = print(config.temperature);
  metadata["calibration.bias"] = print(config.bias);
  metadata["threshold"] = print(config.threshold);
  for (const auto& [key, value] : config.training) metadata[kTrainingPrefix + key] = value;
  return metadata;
}

void parse_backbone(const SafetensorsFile& file, BackboneInfo& info, InputRule& input) {
  const Reader reader(file);
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
  const Reader reader(file);
  require_kind(reader, "face-detector");
  reader.known("detector.name", "mtcnn");
}

bool knows_people(const ModelConfig& config) {
  return config.input.crop != CropRule::kFullFrame &&
         config.backbone.warning != kRandomBackboneWarning;
}

double calibrated(double logit, const ModelConfig& config) {
  return 1 / (1 + std::exp(-(logit - config.bias) / config.temperature));
}

}  // namespace dfd
