// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/backbone.h"

#include <utility>

#include "backbone/artifact_cnn.h"
#include "backbone/inception_resnet_v1.h"
#include "backbone/inception_resnet_v2.h"
#include "backbone/traced.h"
#include "backbone/video_resnet.h"
#include "backbone/vivit.h"
#include "base/check.h"
#include "base/registry.h"

namespace dfd {
namespace {

KindRegistry<BackboneKind>& registry() {
  // Never destroyed: models may be loaded while the process ends.
  static auto* const kKinds = new KindRegistry<BackboneKind>(
      "backbone.name", {{kInceptionResnetV1, inception_resnet_v1_kind()},
                        {kInceptionResnetV2, inception_resnet_v2_kind()},
                        {kArtifactCnn, artifact_cnn_kind()},
                        {kR3d18, r3d_18_kind()},
                        {kMc318, mc3_18_kind()},
                        {kR2Plus1d18, r2plus1d_18_kind()},
                        {kVivit, vivit_kind()},
                        {kTraced, traced_kind()}});
  return *kKinds;
}

}  // namespace

at::Tensor Backbone::feature_map(const at::Tensor& /*crops*/) const {
  throw Error(ErrorCode::kInternal, "this backbone has no feature map");
}

at::Tensor Backbone::embed_map(const at::Tensor& /*map*/) const {
  throw Error(ErrorCode::kInternal, "this backbone has no feature map");
}

at::Tensor Backbone::attention_map(const at::Tensor& /*clips*/) const {
  throw Error(ErrorCode::kInternal, "this backbone attends to nothing");
}

void Backbone::move(const at::Device& /*device*/) {
  throw Error(ErrorCode::kInternal, "this backbone cannot be trained");
}

at::Tensor Backbone::embed_training(const at::Tensor& /*crops*/,
                                    NormStatisticsMap& /*statistics*/) const {
  throw Error(ErrorCode::kInternal, "this backbone cannot be trained");
}

void Backbone::calibrate(const at::Tensor& /*crops*/) {}

void require_size(const BackboneKind& kind, int size, ErrorCode code, const std::string& where) {
  DFD_REQUIRE(size >= kind.least_size && size <= kind.most_size, code,
              where << ": " << size << " pixels, but this network takes " << kind.least_size
                    << " to " << kind.most_size);
  DFD_REQUIRE(size % kind.size_step == 0, code,
              where << ": " << size << " is no multiple of " << kind.size_step
                    << ", which this network needs");
}

void require_clip(int frames, int size, ErrorCode code, const std::string& where) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 25;
  const std::int64_t pixels = std::int64_t{frames} * size * size;
  DFD_REQUIRE(pixels <= kMostPixels, code,
              where << ": clips of " << frames << " crops of " << size << " pixels have " << pixels
                    << " pixels, at most " << kMostPixels << " are allowed");
}

int frames_of(const MetadataReader& settings) {
  return static_cast<int>(settings.integer(kFrames, 1, 256));
}

std::optional<int> classes_of(const MetadataReader& settings) {
  if (settings.optional_text(kClasses).empty()) return std::nullopt;
  return static_cast<int>(settings.integer(kClasses, 1, 2));
}

void add_backbone(const std::string& name, BackboneKind kind) {
  registry().add(name, std::move(kind));
}

const BackboneKind& backbone_kind(const std::string& name, const std::string& where) {
  return registry().get(name, where);
}

}  // namespace dfd
