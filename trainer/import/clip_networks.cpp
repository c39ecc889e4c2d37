// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/clip_networks.h"

#include <fstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "backbone/backbone.h"
#include "backbone/video_resnet.h"
#include "backbone/vivit.h"
#include "backbone/vivit_config.h"
#include "base/check.h"
#include "import/foreign.h"
#include "model/model_config.h"
#include "scoring/model_parts.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

struct ClipNetwork {
  std::string kind;
  std::string source;               // Whose it is.
  std::string classifier;           // How the names of its tensors start: "fc.".
  std::vector<std::string> unused;  // Likewise, of layers that are of no use here.
  Metadata settings;                // But for kClasses.
};

// Rows of the classifier; 0: there is none.
std::int64_t classes_in(const TensorMap& tensors, const ClipNetwork& network) {
  const auto weight = tensors.find(network.classifier + "weight");
  return weight == tensors.end() || weight->second.dim() != 2 ? 0 : weight->second.size(0);
}

void write_model(const ImportOptions& options, BackboneInfo info, const InputRule& input,
                 std::int64_t classes, const TensorMap& tensors) {
  ModelConfig config;
  config.window_length = frames_of(MetadataReader(options.output, info.settings, "backbone."));
  config.backbone = std::move(info);
  config.input = in_squares(input);
  config.sample_rate = options.rate;
  config.head = none_info(classes, options.fake_index);
  const TensorMap named = join_tensors({tensors, {}});
  TensorSource check(options.inputs.at(0), named);
  make_networks(check, config, at::kCPU, at::kFloat);
  write_tensors(options.output, to_metadata(config), named);
}

std::string assumed(const ImportOptions& options, std::int64_t classes) {
  std::string text = "assumed: squares of " + print(kUsualMargin) +
                     " sides of the face, any face detector, " +
                     std::to_string(options.rate.numerator) + "/" +
                     std::to_string(options.rate.denominator) + " samples a second (--rate)";
  if (classes == 2) {
    text += ", class " + std::to_string(options.fake_index) + " is the fake (--fake-index)";
  }
  return text + "; nothing is calibrated: deepfake-trainer calibrate";
}

std::vector<std::string> import_clips(const ImportOptions& options, ClipNetwork network,
                                      TensorMap tensors) {
  const std::string& path = options.inputs.at(0);
  const BackboneKind& kind = backbone_kind(network.kind, path);
  InputRule input = kind.input;
  input.size = options.size.value_or(input.size);
  require_size(kind, input.size, ErrorCode::kInvalidArgument, "size");
  const std::int64_t classes = classes_in(tensors, network);
  const bool judges = classes == 1 || classes == 2;
  std::vector<std::string> unused = std::move(network.unused);
  if (!judges) unused.push_back(network.classifier);
  std::vector<std::string> notes{network.kind + " of " + network.settings.at(kFrames) + " frames",
                                 drop_unused(tensors, unused)};
  BackboneInfo info;
  info.name = network.kind;
  info.source = source_of(network.source, path);
  info.settings = std::move(network.settings);
  if (judges) {
    info.settings[kClasses] = std::to_string(classes);
    write_model(options, std::move(info), input, classes, tensors);
    notes.push_back(assumed(options, classes));
    return notes;
  }
  TensorSource check(path, tensors);
  kind.make(check, "", info.settings);
  check.require_empty();
  write_tensors(options.output, backbone_metadata(info, input), tensors);
  notes.push_back((classes == 0
                       ? "it has no classifier"
                       : "its classifier of " + std::to_string(classes) + " classes is left out") +
                  std::string(": a backbone, for train --backbone"));
  return notes;
}

int checked_frames(int frames) {
  DFD_REQUIRE(frames >= 1 && frames <= 256, ErrorCode::kInvalidArgument,
              "frames " << frames << ": 1 to 256 expected");
  return frames;
}

std::string video_resnet_in(const TensorMap& tensors, const std::string& path) {
  // Only a kernel that is split has two convolutions in its stem.
  if (tensors.count("stem.3.weight") > 0) return kR2Plus1d18;
  const auto second = tensors.find("layer2.0.conv1.0.weight");
  DFD_REQUIRE(second != tensors.end() && second->second.dim() == 5 &&
                  (second->second.size(2) == 3 || second->second.size(2) == 1),
              ErrorCode::kUnsupportedModel,
              path << ": no layer2.0.conv1.0.weight with a kernel over 3 frames (r3d_18) or 1 "
                      "(mc3_18), nor a stem.3.weight (r2plus1d_18): not one of torchvision's");
  return second->second.size(2) == 3 ? kR3d18 : kMc318;
}

// What Hugging Face's config.json says beside the tensors.
VivitConfig read_config_json(const std::string& path) {
  VivitConfig said;
  said.heads = 0;
  if (path.empty()) return said;
  std::ifstream in(path);
  DFD_REQUIRE(in.good(), ErrorCode::kNotFound, path << ": no such file");
  const auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  DFD_REQUIRE(json.is_object(), ErrorCode::kUnsupportedModel,
              path << ": the object of a config.json expected");
  const auto number = [&](const char* key, double otherwise, double least, double most) {
    if (!json.contains(key)) return otherwise;
    DFD_REQUIRE(json[key].is_number() && json[key] >= least && json[key] <= most,
                ErrorCode::kUnsupportedModel,
                path << ": \"" << key << "\": " << json[key] << ", " << least << " to " << most
                     << " expected");
    return json[key].get<double>();
  };
  said.image_size = static_cast<int>(number("image_size", said.image_size, 1, 1024));
  said.heads = static_cast<int>(number("num_attention_heads", 0, 1, 64));
  said.epsilon = number("layer_norm_eps", said.epsilon, 1e-12, 0.1);
  if (json.contains("hidden_act")) {
    DFD_REQUIRE(json["hidden_act"].is_string(), ErrorCode::kUnsupportedModel,
                path << ": \"hidden_act\": a word expected");
    said.activation = vivit_activation(json["hidden_act"], path);
  }
  return said;
}

}  // namespace

std::vector<std::string> import_video_resnet(const ImportOptions& options) {
  const std::string& path = options.inputs.at(0);
  TensorMap tensors = read_foreign(path);
  ClipNetwork network;
  network.kind = video_resnet_in(tensors, path);
  network.source = "torchvision " + network.kind;
  network.classifier = "fc.";
  constexpr int kFramesInTraining = 16;  // Of torchvision's own weights.
  network.settings = {
      {kFrames, std::to_string(checked_frames(options.frames.value_or(kFramesInTraining)))}};
  return import_clips(options, std::move(network), std::move(tensors));
}

std::vector<std::string> import_vivit(const ImportOptions& options) {
  const std::string& path = options.inputs.at(0);
  TensorMap tensors = read_foreign(path);
  VivitConfig config = complete_vivit(read_config_json(options.config), tensors, path);
  ClipNetwork network;
  network.kind = kVivit;
  network.source = "Hugging Face VivitForVideoClassification";
  network.classifier = "classifier.";
  network.unused = {"vivit.pooler."};
  config.labels.reset();
  network.settings = to_settings(config, checked_frames(options.frames.value_or(config.frames)));
  ImportOptions served = options;
  served.size = options.size.value_or(config.image_size);
  std::vector<std::string> notes = import_clips(served, std::move(network), std::move(tensors));
  if (options.config.empty()) {
    notes.push_back("assumed without --config: pictures of " + std::to_string(config.image_size) +
                    " pixels, " + std::to_string(config.heads) + " heads, gelu_fast, epsilon 1e-6");
  }
  return notes;
}

}  // namespace dfd
