// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/video_resnet.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backbone/conv_backbone.h"
#include "backbone/ops.h"

namespace dfd {
namespace {

using Take = ConvNetwork::Take;
using Triple = std::array<std::int64_t, 3>;  // Samples, rows, columns.

enum class Variant { kR3d, kMc3, kR2Plus1d };

struct Plan {
  Variant variant;
  int frames;
  std::optional<int> classes;
};

// Zeros around it keep a map's size.
Triple around(const Triple& kernel) { return {kernel[0] / 2, kernel[1] / 2, kernel[2] / 2}; }

// Weights under NAME.weight, its batch norm under norm_name.
ConvUnit make_conv(const Take& take, const std::string& name, const std::string& norm_name,
                   std::int64_t in, std::int64_t out, const Triple& kernel, const Triple& stride) {
  ConvUnit unit;
  unit.name = name;
  unit.weight = take(name + ".weight", {out, in, kernel[0], kernel[1], kernel[2]});
  const Triple padding = around(kernel);
  unit.stride.assign(stride.begin(), stride.end());
  unit.padding.assign(padding.begin(), padding.end());
  unit.epsilon = 1e-5;  // PyTorch's own default.
  add_norm(take, norm_name, out, unit);
  return unit;
}

// One convolution, or where it is split the two that stand for it.
using Conv = std::vector<ConvUnit>;

Ops::Value run_conv(Ops& ops, const Conv& conv, Ops::Value x) {
  for (const ConvUnit& unit : conv) x = ops.conv(unit, x);
  return x;
}

// What a block's convolutions are made of.
struct Shape {
  std::int64_t in, out;
  std::int64_t halved;  // Stride: 2 halves the map.
  bool over_time;       // The kernel reaches over time.
  bool split;
};

// between: channels between the halves of one that is split.
Conv make_block_conv(const Take& take, const std::string& name, const Shape& shape,
                     std::int64_t between) {
  const std::int64_t stride = shape.halved;
  if (shape.split) {
    return {
        make_conv(take, name + ".0.0", name + ".0.1", shape.in, between, {1, 3, 3},
                  {1, stride, stride}),
        make_conv(take, name + ".0.3", name + ".1", between, shape.out, {3, 1, 1}, {stride, 1, 1})};
  }
  const Triple kernel{shape.over_time ? 3 : 1, 3, 3};
  return {make_conv(take, name + ".0", name + ".1", shape.in, shape.out, kernel,
                    {shape.over_time ? stride : 1, stride, stride})};
}

// Two convolutions and what goes past them.
struct ResidualBlock {
  Conv first, second;
  std::optional<ConvUnit> shortcut;  // None: the input itself.

  ResidualBlock(const Take& take, const std::string& name, const Shape& shape) {
    // As many as give the pair the number of weights of the one (Tran et al. 2018), in both of a
    // block's convolutions the number of the first.
    const std::int64_t between = 27 * shape.in * shape.out / (9 * shape.in + 3 * shape.out);
    first = make_block_conv(take, name + ".conv1", shape, between);
    second = make_block_conv(take, name + ".conv2",
                             {shape.out, shape.out, 1, shape.over_time, shape.split}, between);
    if (shape.in == shape.out) return;
    const std::string past = name + ".downsample";
    shortcut = make_conv(take, past + ".0", past + ".1", shape.in, shape.out, {1, 1, 1},
                         {shape.over_time ? shape.halved : 1, shape.halved, shape.halved});
    shortcut->activation = Activation::kNone;
  }

  Ops::Value run(Ops& ops, const Ops::Value& x) const {
    const Ops::Value past = shortcut ? ops.conv(*shortcut, x) : x;
    Ops::Value y = run_conv(ops, first, x);
    for (std::size_t i = 0; i + 1 < second.size(); ++i) y = ops.conv(second[i], y);
    return ops.add_conv(second.back(), y, past);
  }

  void add_units(std::vector<ConvUnit*>& all) {
    if (shortcut) all.push_back(&*shortcut);
    for (ConvUnit& unit : first) all.push_back(&unit);
    for (ConvUnit& unit : second) all.push_back(&unit);
  }
};

class Network : public ConvNetwork {
 public:
  Network(const Take& take, const std::string& prefix, const Plan& plan) : frames_(plan.frames) {
    const bool split = plan.variant == Variant::kR2Plus1d;
    make_stem(take, prefix + "stem.", split);
    std::int64_t in = 64;
    for (std::size_t i = 0; i < kLayers.size(); ++i) {
      const std::int64_t out = 64LL << i;
      const std::int64_t halved = i == 0 ? 1 : 2;
      const bool over_time = i == 0 || plan.variant != Variant::kMc3;
      const std::string name = prefix + kLayers.at(i);
      blocks_.emplace_back(take, name + ".0", Shape{in, out, halved, over_time, split});
      blocks_.emplace_back(take, name + ".1", Shape{out, out, 1, over_time, split});
      in = out;
    }
    if (!plan.classes) return;
    classifier_.emplace();
    classifier_->name = prefix + "fc";
    classifier_->weight = take(prefix + "fc.weight", {*plan.classes, in});
    classifier_->bias = take(prefix + "fc.bias", {*plan.classes});
    classifier_->activation = Activation::kNone;
  }

  int clip_length() const override { return frames_; }

  std::vector<ConvUnit*> units() override {
    std::vector<ConvUnit*> all;
    for (ConvUnit& unit : stem_) all.push_back(&unit);
    for (ResidualBlock& block : blocks_) block.add_units(all);
    if (classifier_) all.push_back(&*classifier_);
    return all;
  }

  Ops::Value run_lower(Ops& ops, Ops::Value x) const override {
    x = run_conv(ops, stem_, std::move(x));
    ops.tell("stem", x);
    return run_layers(ops, 0, kMapped, std::move(x));
  }

  Ops::Value run_upper(Ops& ops, Ops::Value x) const override {
    x = run_layers(ops, kMapped, kLayers.size(), std::move(x));
    return classifier_ ? ops.embed(*classifier_, x) : ops.mean(x);
  }

 private:
  static constexpr std::array kLayers{"layer1", "layer2", "layer3", "layer4"};
  static constexpr std::size_t kMapped = 3;  // Layers up to the feature map.
  static constexpr std::size_t kBlocks = 2;  // Of a layer.

  void make_stem(const Take& take, const std::string& name, bool split) {
    if (split) {
      constexpr std::int64_t kBetween = 45;  // Torchvision's: the blocks' formula would give 83.
      stem_ = {make_conv(take, name + "0", name + "1", 3, kBetween, {1, 7, 7}, {1, 2, 2}),
               make_conv(take, name + "3", name + "4", kBetween, 64, {3, 1, 1}, {1, 1, 1})};
    } else {
      stem_ = {make_conv(take, name + "0", name + "1", 3, 64, {3, 7, 7}, {1, 2, 2})};
    }
  }

  Ops::Value run_layers(Ops& ops, std::size_t first, std::size_t end, Ops::Value x) const {
    for (std::size_t i = first; i < end; ++i) {
      for (std::size_t j = 0; j < kBlocks; ++j) x = blocks_[kBlocks * i + j].run(ops, x);
      ops.tell(kLayers.at(i), x);
    }
    return x;
  }

  int frames_;
  Conv stem_;
  std::vector<ResidualBlock> blocks_;
  std::optional<ConvUnit> classifier_;
};

Plan plan_of(Variant variant, const std::string& where, const Metadata& settings) {
  const MetadataReader reader(where, settings, "backbone.");
  return {variant, frames_of(reader), classes_of(reader)};
}

BackboneKind kind_of(Variant variant) {
  BackboneKind kind;
  // Of Kinetics' frames, in levels: what torchvision's weights were trained with.
  kind.input.size = 112;
  kind.input.mean = {255 * 0.43216, 255 * 0.394666, 255 * 0.37645};
  kind.input.std = {255 * 0.22803, 255 * 0.22145, 255 * 0.216989};
  kind.least_size = 16;  // Four halvings.
  kind.most_size = 512;
  kind.settings = {{kFrames, "16"}};
  kind.make = [variant](TensorSource& source, const std::string& prefix, const Metadata& settings) {
    const auto take = [&](const std::string& name, at::IntArrayRef shape) {
      return source.take(name, shape);
    };
    const Plan plan = plan_of(variant, source.path(), settings);
    return std::make_unique<ConvBackbone>(std::make_shared<Network>(take, prefix, plan),
                                          ConvBackbone::Length::kAsItIs);
  };
  kind.random_weights = [variant](std::uint64_t seed, const Metadata& settings) {
    const Plan plan = plan_of(variant, "random weights", settings);
    return random_tensors([&](const Take& take) { Network(take, "", plan); }, seed);
  };
  return kind;
}

}  // namespace

BackboneKind r3d_18_kind() { return kind_of(Variant::kR3d); }
BackboneKind mc3_18_kind() { return kind_of(Variant::kMc3); }
BackboneKind r2plus1d_18_kind() { return kind_of(Variant::kR2Plus1d); }

}  // namespace dfd
