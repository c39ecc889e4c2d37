// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/vivit_config.h"

#include <cmath>
#include <utility>

#include "backbone/backbone.h"
#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kTubelet = "tubelet";
constexpr const char* kHiddenSize = "hidden_size";
constexpr const char* kLayers = "layers";
constexpr const char* kHeads = "heads";
constexpr const char* kIntermediateSize = "intermediate_size";
constexpr const char* kActivation = "activation";
constexpr const char* kEpsilon = "epsilon";
constexpr const char* kQkvBias = "qkv_bias";
constexpr const char* kPositionSize = "position_size";
constexpr const char* kPositionFrames = "position_frames";

// Far beyond the largest ViViT of the paper (hidden 1280, 32 layers, 16 heads, 0.63 G weights): a
// hostile file must not ask for more memory than a real one.
constexpr int kMostHidden = 4096;
constexpr int kMostLayers = 64;
constexpr int kMostHeads = 64;
constexpr int kMostIntermediate = 16384;
constexpr int kMostTubelet = 32;
constexpr int kMostFrames = 256;
constexpr int kMostSize = 1024;
constexpr int kMostLabels = 65536;
constexpr std::int64_t kMostWeights = 1000000000;

const std::map<std::string, VivitActivation>& activations() {
  static const std::map<std::string, VivitActivation> kActivations{
      {"gelu", VivitActivation::kGelu},
      {"gelu_fast", VivitActivation::kGeluTanh},
      {"gelu_new", VivitActivation::kGeluTanh},
      {"gelu_pytorch_tanh", VivitActivation::kGeluTanh},
      {"relu", VivitActivation::kRelu}};
  return kActivations;
}

std::int64_t tokens_of(const VivitConfig& config) {
  const auto grid = grid_of(config);
  return grid[0] * grid[1] * grid[2];
}

// But for biases and norms, which are few.
std::int64_t weights_of(const VivitConfig& config) {
  const std::int64_t hidden = config.hidden_size;
  const std::int64_t layer = 4 * hidden * hidden + 2 * hidden * config.intermediate_size;
  const std::int64_t tubelet =
      3LL * config.tubelet[0] * config.tubelet[1] * config.tubelet[2] * hidden;
  return config.layers * layer + tubelet + (tokens_of(config) + config.labels.value_or(0)) * hidden;
}

// What no single number tells.
void require_possible(const VivitConfig& config, const std::string& where, ErrorCode code) {
  DFD_REQUIRE(config.hidden_size % config.heads == 0, code,
              where << ": a hidden size of " << config.hidden_size << " is not to be divided among "
                    << config.heads << " heads");
  const std::int64_t tokens = tokens_of(config);
  DFD_REQUIRE(tokens > 0 && tokens <= kMostVivitTokens, code,
              where << ": a position table for " << config.frames << " frames of "
                    << config.image_size << " pixels has " << tokens << " tokens, 1 to "
                    << kMostVivitTokens << " expected");
  DFD_REQUIRE(
      weights_of(config) <= kMostWeights, code,
      where << ": " << weights_of(config) << " weights, at most " << kMostWeights << " expected");
}

const at::Tensor& tensor_of(const TensorMap& tensors, const std::string& name,
                            std::int64_t dimensions, const std::string& where) {
  const auto found = tensors.find(name);
  DFD_REQUIRE(found != tensors.end(), ErrorCode::kUnsupportedModel,
              where << ": tensor \"" << name << "\" is missing, which a ViViT has");
  DFD_REQUIRE(found->second.dim() == dimensions, ErrorCode::kUnsupportedModel,
              where << ": tensor \"" << name << "\": " << dimensions << " dimensions expected, "
                    << found->second.dim() << " found");
  return found->second;
}

// A tensor's size as one of the configuration.
int size_of(const at::Tensor& tensor, std::int64_t dimension, int most, const char* what,
            const std::string& where) {
  const std::int64_t size = tensor.size(dimension);
  DFD_REQUIRE(size >= 1 && size <= most, ErrorCode::kUnsupportedModel,
              where << ": " << what << " " << size << ", 1 to " << most << " expected");
  return static_cast<int>(size);
}

// Of the position table, whose grid over the picture is known.
int frames_of_table(const VivitConfig& config, std::int64_t positions, const std::string& where) {
  const std::int64_t slice = grid_of(config)[1] * grid_of(config)[2];
  DFD_REQUIRE(slice > 0 && positions > slice && (positions - 1) % slice == 0,
              ErrorCode::kUnsupportedModel,
              where << ": a position table of " << positions << " is not for pictures of "
                    << config.image_size << " pixels, which have " << slice
                    << " tokens each; say of what size they are");
  const std::int64_t frames = (positions - 1) / slice * config.tubelet[0];
  DFD_REQUIRE(frames <= kMostFrames, ErrorCode::kUnsupportedModel,
              where << ": a position table for " << frames << " frames, at most " << kMostFrames
                    << " expected");
  return static_cast<int>(frames);
}

bool parse_bool(const MetadataReader& settings, const std::string& key) {
  const std::string& text = settings.text(key);
  DFD_INTACT(text == "true" || text == "false",
             settings.path() << ": metadata \"backbone." << key
                             << "\": true or false expected, found \"" << text << "\"");
  return text == "true";
}

}  // namespace

std::array<std::int64_t, 3> grid_of(const VivitConfig& config, std::int64_t frames,
                                    std::int64_t rows, std::int64_t columns) {
  return {frames / config.tubelet[0], rows / config.tubelet[1], columns / config.tubelet[2]};
}

std::array<std::int64_t, 3> grid_of(const VivitConfig& config) {
  return grid_of(config, config.frames, config.image_size, config.image_size);
}

VivitActivation vivit_activation(const std::string& word, const std::string& where) {
  const auto found = activations().find(word);
  if (found != activations().end()) return found->second;
  std::string known;
  for (const auto& [name, activation] : activations()) {
    known += (known.empty() ? "\"" : ", \"") + name + "\"";
  }
  throw Error(ErrorCode::kUnsupportedModel,
              where + ": activation \"" + word + "\", this version knows " + known);
}

VivitConfig complete_vivit(VivitConfig said, const TensorMap& tensors, const std::string& where) {
  VivitConfig config = std::move(said);
  const std::string embeddings = "vivit.embeddings.";
  const at::Tensor projection =
      tensor_of(tensors, embeddings + "patch_embeddings.projection.weight", 5, where);
  config.hidden_size = size_of(projection, 0, kMostHidden, "a hidden size of", where);
  for (std::size_t i = 0; i < config.tubelet.size(); ++i) {
    config.tubelet.at(i) = size_of(projection, static_cast<std::int64_t>(i) + 2, kMostTubelet,
                                   "a side of tubelets of", where);
  }
  config.frames = frames_of_table(
      config, tensor_of(tensors, embeddings + "position_embeddings", 3, where).size(1), where);
  const std::string first = "vivit.encoder.layer.0.";
  config.intermediate_size =
      size_of(tensor_of(tensors, first + "intermediate.dense.weight", 2, where), 0,
              kMostIntermediate, "an intermediate size of", where);
  config.qkv_bias = tensors.count(first + "attention.attention.query.bias") > 0;
  config.layers = 1;
  while (config.layers < kMostLayers &&
         tensors.count("vivit.encoder.layer." + std::to_string(config.layers) +
                       ".layernorm_before.weight") > 0) {
    ++config.layers;
  }
  if (config.heads == 0) config.heads = std::max(1, config.hidden_size / 64);
  config.labels.reset();
  if (tensors.count("classifier.weight") > 0) {
    config.labels = size_of(tensor_of(tensors, "classifier.weight", 2, where), 0, kMostLabels,
                            "a number of labels of", where);
  }
  require_possible(config, where, ErrorCode::kUnsupportedModel);
  return config;
}

Metadata to_settings(const VivitConfig& config, int frames) {
  const char* activation = "gelu_fast";
  if (config.activation == VivitActivation::kGelu) activation = "gelu";
  if (config.activation == VivitActivation::kRelu) activation = "relu";
  const auto& [deep, high, wide] = config.tubelet;
  Metadata settings{
      {kFrames, std::to_string(frames)},
      {kTubelet, std::to_string(deep) + "," + std::to_string(high) + "," + std::to_string(wide)},
      {kHiddenSize, std::to_string(config.hidden_size)},
      {kLayers, std::to_string(config.layers)},
      {kHeads, std::to_string(config.heads)},
      {kIntermediateSize, std::to_string(config.intermediate_size)},
      {kActivation, activation},
      {kEpsilon, print(config.epsilon)},
      {kQkvBias, config.qkv_bias ? "true" : "false"},
      {kPositionSize, std::to_string(config.image_size)}};
  if (config.frames != frames) settings[kPositionFrames] = std::to_string(config.frames);
  if (config.labels) settings[kClasses] = std::to_string(*config.labels);
  return settings;
}

VivitConfig parse_vivit(const MetadataReader& settings) {
  const auto size = [&](const char* key, int most) {
    return static_cast<int>(settings.integer(key, 1, most));
  };
  VivitConfig config;
  config.image_size = size(kPositionSize, kMostSize);
  config.frames = settings.optional_text(kPositionFrames).empty()
                      ? frames_of(settings)
                      : size(kPositionFrames, kMostFrames);
  const std::array<double, 3> tubelet = settings.triple(kTubelet, 1, kMostTubelet);
  for (std::size_t i = 0; i < tubelet.size(); ++i) {
    DFD_INTACT(tubelet.at(i) == std::floor(tubelet.at(i)),
               settings.path() << ": metadata \"backbone." << kTubelet
                               << "\": whole numbers expected, found \"" << settings.text(kTubelet)
                               << "\"");
    config.tubelet.at(i) = static_cast<int>(tubelet.at(i));
  }
  config.hidden_size = size(kHiddenSize, kMostHidden);
  config.layers = size(kLayers, kMostLayers);
  config.heads = size(kHeads, kMostHeads);
  config.intermediate_size = size(kIntermediateSize, kMostIntermediate);
  config.activation = vivit_activation(settings.text(kActivation), settings.path());
  config.epsilon = settings.number(kEpsilon, 1e-12, 1e-1);
  config.qkv_bias = parse_bool(settings, kQkvBias);
  config.labels = classes_of(settings);
  DFD_INTACT(frames_of(settings) >= config.tubelet[0],
             settings.path() << ": metadata \"backbone." << kFrames << "\": " << frames_of(settings)
                             << " fill no tubelet of " << config.tubelet[0]);
  require_possible(config, settings.path() + ": metadata \"backbone.*\"", ErrorCode::kCorruptModel);
  return config;
}

}  // namespace dfd
