// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/artifact_cnn.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backbone/conv_backbone.h"
#include "backbone/ops.h"

namespace dfd {
namespace {

using Take = ConvNetwork::Take;

// Each colour's high-pass residual: Fridrich and Kodovsky's 5x5 filter, which predicts a pixel from
// those around it. All its weights are exact in bfloat16, as are the pictures' 256 levels.
ConvUnit make_residual_filter() {
  constexpr std::array<float, 25> kFilter{-1, 2,  -2, 2,  -1, 2,  -6, 8,  -6, 2,  -2, 8, -12,
                                          8,  -2, 2,  -6, 8,  -6, 2,  -1, 2,  -2, 2,  -1};
  // Of the input's units, 128 levels: 1 in the result is an error of 4/3 levels.
  constexpr double kGain = 8;
  // Edges are much the same in forged and real faces; beyond 5 levels they are all alike.
  constexpr double kLimit = 4;
  ConvUnit unit;
  unit.weight = at::zeros({3, 3, 5, 5});
  const at::Tensor filter =
      at::tensor(at::ArrayRef<float>(kFilter.data(), kFilter.size())).view({5, 5}) * kGain;
  for (std::int64_t color = 0; color < 3; ++color) unit.weight[color][color].copy_(filter);
  unit.padding = {2, 2};
  unit.activation = Activation::kClip;
  unit.limit = kLimit;
  return unit;
}

// Two convolutions and what goes past them.
struct ResidualBlock {
  ConvUnit first, second;
  std::optional<ConvUnit> shortcut;  // After an average pool; none: the input itself.

  // halved: height and width.
  ResidualBlock(const Take& take, const std::string& name, std::int64_t in, std::int64_t out,
                bool halved)
      : first(make_unit(take, name + ".first", {in, out, k3, halved ? 2 : 1, kAround})),
        second(make_unit(take, name + ".second", {out, out, k3, 1, kAround})) {
    if (halved) shortcut = make_unit(take, name + ".shortcut", {in, out, k1}, Activation::kNone);
  }

  Ops::Value run(Ops& ops, const Ops::Value& x) const {
    const Ops::Value past = shortcut ? ops.conv(*shortcut, ops.average_pool(x)) : x;
    return ops.add_conv(second, ops.conv(first, x), past);
  }
};

class ArtifactCnn : public ConvNetwork {
 public:
  ArtifactCnn(const Take& take, const std::string& prefix)
      : residual_(make_residual_filter()),
        stem_(make_unit(take, prefix + "stem", {6, 16, k3, 1, kAround})),
        entry_(make_unit(take, prefix + "entry", {16, 24, k3, 1, kAround})) {
    const auto add = [&](std::int64_t in, std::int64_t out, bool halved) {
      blocks_.emplace_back(take, prefix + "blocks." + std::to_string(blocks_.size()), in, out,
                           halved);
    };
    add(24, 48, true);
    add(48, 96, true);
    add(96, 96, false);
    add(96, 96, false);
    widen_ = make_unit(take, prefix + "widen", {96, kFeatures, k1});
    last_.name = prefix + "embedding";
    last_.weight = take(last_.name + ".weight", {kEmbedded, kFeatures});
    last_.bias = take(last_.name + ".bias", {kEmbedded});
  }

  std::vector<ConvUnit*> units() override {
    std::vector<ConvUnit*> all{&residual_, &stem_, &entry_};
    for (ResidualBlock& block : blocks_) {
      if (block.shortcut) all.push_back(&*block.shortcut);
      all.push_back(&block.first);
      all.push_back(&block.second);
    }
    all.push_back(&widen_);
    all.push_back(&last_);
    return all;
  }

  Ops::Value run_lower(Ops& ops, Ops::Value x) const override {
    const Ops::Value residual = ops.conv(residual_, x);
    x = ops.conv(stem_, ops.join({std::move(x), residual}));
    x = ops.conv(entry_, ops.average_pool(x));
    for (const ResidualBlock& block : blocks_) x = block.run(ops, x);
    return ops.conv(widen_, x);
  }

  Ops::Value run_upper(Ops& ops, Ops::Value map) const override { return ops.embed(last_, map); }

 private:
  static constexpr std::int64_t kFeatures = 384;  // Channels of the feature map.
  static constexpr std::int64_t kEmbedded = 512;  // D

  ConvUnit residual_, stem_, entry_, widen_, last_;
  std::vector<ResidualBlock> blocks_;
};

}  // namespace

BackboneKind artifact_cnn_kind() {
  BackboneKind kind;
  kind.input.size = 128;
  kind.input.mean = {127.5, 127.5, 127.5};
  kind.input.std = {128, 128, 128};
  kind.least_size = 128;
  kind.most_size = 224;
  kind.size_step = 8;  // Three halvings.
  make_networks_of<ArtifactCnn>(kind, ConvBackbone::Length::kAsItIs);
  return kind;
}

}  // namespace dfd
