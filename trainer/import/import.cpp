// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/import.h"

#include <array>
#include <utility>

#include "backbone/backbone.h"
#include "backbone/inception_resnet_v1.h"
#include "backbone/inception_resnet_v2.h"
#include "base/check.h"
#include "data/imagenet.h"
#include "import/checkpoint.h"
#include "import/clip_networks.h"
#include "import/foreign.h"
#include "model/model_config.h"
#include "scoring/model_parts.h"
#include "window/lstm_windows.h"

namespace dfd {
namespace {

// A checkpoint that is a backbone as it is, but for a classifier of its own.
struct ForeignBackbone {
  const char* kind;
  const char* source;
  std::vector<std::string> classifier;  // How its tensors' names start.
};

std::vector<std::string> import_backbone(const ImportOptions& options,
                                         const ForeignBackbone& foreign) {
  const std::string& path = options.inputs.at(0);
  TensorMap tensors = read_checkpoint(path);
  std::vector<std::string> notes{drop_unused(tensors, foreign.classifier)};
  const BackboneKind& kind = backbone_kind(foreign.kind, path);
  TensorSource check(path, tensors);
  kind.make(check, "", {});
  check.require_empty();
  InputRule input = kind.input;
  input.size = options.size.value_or(input.size);
  require_size(kind, input.size, ErrorCode::kInvalidArgument, "size");
  BackboneInfo info;
  info.name = foreign.kind;
  info.source = source_of(foreign.source, path);
  write_tensors(options.output, backbone_metadata(info, input), tensors);
  return notes;
}

// The seed's own code knows no metadata, so its constants stand here.
std::vector<std::string> import_seed(const ImportOptions& options) {
  const std::string& path = options.inputs.at(0);
  TensorMap tensors = read_checkpoint(path);
  std::vector<std::string> notes{drop_unused(tensors, {std::string(kBackbonePrefix) + "logits."})};
  ModelConfig config;
  config.backbone.name = kInceptionResnetV1;
  config.backbone.source = source_of("checkpoint of the seed recipe", path);
  config.input = facenet_input();
  config.input.crop = CropRule::kFullFrame;
  config.input.mean = kImageNetMean;
  config.input.std = kImageNetStd;
  // 20 frames of a clip of Celeb-DF, about 10 s long; the checkpoint does not say.
  config.sample_rate = {2, 1};
  config.training = {{"recipe", "seed"}, {"split", "random, leaky"}};
  config.head = to_info(HeadSizes());
  TensorSource check(path, tensors);
  make_networks(check, config, at::kCPU, at::kFloat);
  notes.emplace_back("assumed: full frames, ImageNet's mean, 2 samples a second");
  write_tensors(options.output, to_metadata(config), tensors);
  return notes;
}

std::vector<std::string> import_mtcnn(const ImportOptions& options) {
  // One layer of each net, so that swapped files are noticed.
  struct Net {
    const char* prefix;
    const char* layer;
    std::array<std::int64_t, 2> shape;
  };
  constexpr std::array<Net, 3> kNets{Net{"pnet.", "conv3.weight", {32, 16}},
                                     Net{"rnet.", "dense4.weight", {128, 576}},
                                     Net{"onet.", "dense5.weight", {256, 1152}}};
  TensorMap all;
  std::string source = "facenet-pytorch MTCNN";
  for (std::size_t i = 0; i < kNets.size(); ++i) {
    const std::string& path = options.inputs.at(i);
    TensorMap tensors = read_checkpoint(path);
    const auto layer = tensors.find(kNets[i].layer);
    DFD_REQUIRE(layer != tensors.end() && layer->second.dim() > 1 &&
                    layer->second.size(0) == kNets[i].shape[0] &&
                    layer->second.size(1) == kNets[i].shape[1],
                ErrorCode::kUnsupportedModel,
                path << ": no " << kNets[i].layer
                     << " of the right shape; the order is P-Net, "
                        "R-Net, O-Net");
    source += ", sha256 " + sha256_of_file(path);
    for (auto& [name, tensor] : tensors) all[kNets[i].prefix + name] = std::move(tensor);
  }
  const std::string notes = drop_unused(all, {});
  write_tensors(options.output,
                {{"format_version", kFormatVersion},
                 {"kind", "face-detector"},
                 {"detector.name", "mtcnn"},
                 {"detector.source", source}},
                all);
  return {notes};
}

}  // namespace

std::vector<std::string> import_checkpoint(const ImportOptions& options) {
  switch (options.kind) {
    case ImportKind::kSeed:
      return import_seed(options);
    case ImportKind::kFacenet:
      return import_backbone(
          options, {kInceptionResnetV1, "facenet-pytorch InceptionResnetV1", {"logits."}});
    case ImportKind::kInceptionResnetV2:
      return import_backbone(
          options, {kInceptionResnetV2, "Inception-ResNet v2", {"classif.", "last_linear."}});
    case ImportKind::kVideoResnet:
      return import_video_resnet(options);
    case ImportKind::kVivit:
      return import_vivit(options);
    case ImportKind::kMtcnn:
      return import_mtcnn(options);
  }
  return {};
}

}  // namespace dfd
