// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_resnet_v1.h"

#include <array>
#include <utility>
#include <vector>

namespace dfd {
namespace {

constexpr std::int64_t kFeatures = 1792;  // Channels of the last feature map.
constexpr std::int64_t kEmbedded = 512;   // D

using Pair = std::array<std::int64_t, 2>;
constexpr Pair k1{1, 1};
constexpr Pair k3{3, 3};

// What one convolution is, as the papers' tables give it.
struct Spec {
  std::int64_t in, out;
  Pair kernel;
  std::int64_t stride = 1;
  Pair padding{0, 0};
};

// Inception block: branches side by side, joined; with a projection it is residual.
struct Block {
  std::vector<std::vector<ConvUnit>> branches;
  bool pooled_branch = false;        // A max pool as the last branch.
  std::vector<ConvUnit> projection;  // One, or none.

  Ops::Value run(Ops& ops, const Ops::Value& x) const {
    std::vector<Ops::Value> outputs;
    for (const auto& branch : branches) {
      Ops::Value y = x;
      for (const ConvUnit& unit : branch) y = ops.conv(unit, y);
      outputs.push_back(std::move(y));
    }
    if (pooled_branch) outputs.push_back(ops.max_pool(x));
    const Ops::Value joined = ops.join(outputs);
    outputs.clear();
    return projection.empty() ? joined : ops.add_conv(projection[0], joined, x);
  }
};

using Take = ConvNetwork::Take;

void add_norm(const Take& take, const std::string& name, std::int64_t channels, ConvUnit& unit) {
  unit.norm_name = name;
  unit.gamma = take(name + ".weight", {channels});
  unit.beta = take(name + ".bias", {channels});
  unit.mean = take(name + ".running_mean", {channels});
  unit.variance = take(name + ".running_var", {channels});
}

ConvUnit make_unit(const Take& take, const std::string& name, const Spec& spec) {
  ConvUnit unit;
  add_norm(take, name + ".bn", spec.out, unit);
  unit.name = name + ".conv";
  unit.weight = take(unit.name + ".weight", {spec.out, spec.in, spec.kernel[0], spec.kernel[1]});
  unit.stride = {spec.stride, spec.stride};
  unit.padding = {spec.padding[0], spec.padding[1]};
  return unit;
}

// A branch of one convolution carries its weights under its own name, a longer one under .0, .1,
// ...
std::vector<ConvUnit> make_branch(const Take& take, const std::string& name,
                                  const std::vector<Spec>& specs, bool numbered) {
  std::vector<ConvUnit> chain;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    chain.push_back(make_unit(take, numbered ? name + "." + std::to_string(i) : name, specs[i]));
  }
  return chain;
}

// first_alone: whether branch0's weights lack a number.
Block make_block(const Take& take, const std::string& name,
                 const std::vector<std::vector<Spec>>& branches, bool first_alone,
                 bool pooled_branch) {
  Block block;
  block.pooled_branch = pooled_branch;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    block.branches.push_back(make_branch(take, name + ".branch" + std::to_string(i), branches[i],
                                         i > 0 || !first_alone));
  }
  return block;
}

Block make_residual(const Take& take, const std::string& name,
                    const std::vector<std::vector<Spec>>& branches, double scale) {
  Block block = make_block(take, name, branches, /*first_alone=*/true, /*pooled_branch=*/false);
  std::int64_t joined = 0;
  for (const auto& branch : branches) joined += branch.back().out;
  const std::int64_t channels = branches[0][0].in;
  ConvUnit projection;
  projection.name = name + ".conv2d";
  projection.weight = take(projection.name + ".weight", {channels, joined, 1, 1});
  projection.bias = take(projection.name + ".bias", {channels});
  projection.scale = scale;
  block.projection.push_back(std::move(projection));
  return block;
}

class Network : public ConvNetwork {
 public:
  Network(const Take& take, const std::string& prefix) {
    make_stem(take, prefix);
    const std::vector<std::vector<Spec>> block35{
        {{256, 32, k1}},
        {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}},
        {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}, {32, 32, k3, 1, {1, 1}}}};
    const std::vector<std::vector<Spec>> block17{
        {{896, 128, k1}},
        {{896, 128, k1}, {128, 128, {1, 7}, 1, {0, 3}}, {128, 128, {7, 1}, 1, {3, 0}}}};
    const std::vector<std::vector<Spec>> block8{
        {{1792, 192, k1}},
        {{1792, 192, k1}, {192, 192, {1, 3}, 1, {0, 1}}, {192, 192, {3, 1}, 1, {1, 0}}}};
    const auto repeat = [&](const char* name, int count,
                            const std::vector<std::vector<Spec>>& specs, double scale) {
      std::vector<Block> blocks;
      blocks.reserve(static_cast<std::size_t>(count));
      for (int i = 0; i < count; ++i) {
        blocks.push_back(
            make_residual(take, prefix + name + "." + std::to_string(i), specs, scale));
      }
      return blocks;
    };
    repeat_1_ = repeat("repeat_1", 5, block35, 0.17);
    mixed_6a_ = make_block(
        take, prefix + "mixed_6a",
        {{{256, 384, k3, 2}}, {{256, 192, k1}, {192, 192, k3, 1, {1, 1}}, {192, 256, k3, 2}}},
        /*first_alone=*/true, /*pooled_branch=*/true);
    repeat_2_ = repeat("repeat_2", 10, block17, 0.10);
    mixed_7a_ = make_block(take, prefix + "mixed_7a",
                           {{{896, 256, k1}, {256, 384, k3, 2}},
                            {{896, 256, k1}, {256, 256, k3, 2}},
                            {{896, 256, k1}, {256, 256, k3, 1, {1, 1}}, {256, 256, k3, 2}}},
                           /*first_alone=*/false, /*pooled_branch=*/true);
    repeat_3_ = repeat("repeat_3", 5, block8, 0.20);
    block8_ = make_residual(take, prefix + "block8", block8, 1.0);
    block8_.projection[0].activation = Activation::kNone;
    last_.name = prefix + "last_linear";
    last_.weight = take(last_.name + ".weight", {kEmbedded, kFeatures});
    add_norm(take, prefix + "last_bn", kEmbedded, last_);
    last_.activation = Activation::kNone;
  }

  std::vector<ConvUnit*> units() override {
    std::vector<ConvUnit*> found;
    const auto add = [&](std::vector<ConvUnit>& chain) {
      for (ConvUnit& unit : chain) found.push_back(&unit);
    };
    const auto add_block = [&](Block& block) {
      for (auto& branch : block.branches) add(branch);
      add(block.projection);
    };
    add(stem_);
    for (Block& block : repeat_1_) add_block(block);
    add_block(mixed_6a_);
    for (Block& block : repeat_2_) add_block(block);
    add_block(mixed_7a_);
    for (Block& block : repeat_3_) add_block(block);
    add_block(block8_);
    found.push_back(&last_);
    return found;
  }

  Ops::Value run_lower(Ops& ops, Ops::Value x) const override {
    static constexpr std::array kStem{"conv2d_1a", "conv2d_2a", "conv2d_2b",
                                      "conv2d_3b", "conv2d_4a", "conv2d_4b"};
    for (std::size_t i = 0; i < kStem.size(); ++i) {
      x = ops.conv(stem_[i], x);
      ops.tell(kStem[i], x);
      if (i == 2) {
        x = ops.max_pool(x);
        ops.tell("maxpool_3a", x);
      }
    }
    x = run_repeat(ops, "repeat_1", repeat_1_, std::move(x));
    x = run_once(ops, "mixed_6a", mixed_6a_, x);
    return run_repeat(ops, "repeat_2", repeat_2_, std::move(x));
  }

  Ops::Value run_upper(Ops& ops, Ops::Value x) const override {
    x = run_once(ops, "mixed_7a", mixed_7a_, x);
    x = run_repeat(ops, "repeat_3", repeat_3_, std::move(x));
    return ops.embed(last_, run_once(ops, "block8", block8_, x));
  }

 private:
  // A pool follows the third.
  void make_stem(const Take& take, const std::string& prefix) {
    const auto conv = [&](const char* name, const Spec& spec) {
      stem_.push_back(make_unit(take, prefix + name, spec));
    };
    conv("conv2d_1a", {3, 32, k3, 2});
    conv("conv2d_2a", {32, 32, k3});
    conv("conv2d_2b", {32, 64, k3, 1, {1, 1}});
    conv("conv2d_3b", {64, 80, k1});
    conv("conv2d_4a", {80, 192, k3});
    conv("conv2d_4b", {192, 256, k3, 2});
  }

  static Ops::Value run_repeat(Ops& ops, const char* stage, const std::vector<Block>& blocks,
                               Ops::Value x) {
    for (const Block& block : blocks) x = block.run(ops, x);
    ops.tell(stage, x);
    return x;
  }

  static Ops::Value run_once(Ops& ops, const char* stage, const Block& block, const Ops::Value& x) {
    Ops::Value y = block.run(ops, x);
    ops.tell(stage, y);
    return y;
  }

  std::vector<ConvUnit> stem_;
  std::vector<Block> repeat_1_, repeat_2_, repeat_3_;
  Block mixed_6a_, mixed_7a_, block8_;
  ConvUnit last_;  // Linear [512, 1792] without bias, then a batch norm.
};

}  // namespace

InputRule facenet_input() {
  InputRule rule;
  rule.size = 160;
  rule.mean = {127.5, 127.5, 127.5};
  rule.std = {128, 128, 128};
  return rule;
}

BackboneKind inception_resnet_v1_kind() {
  BackboneKind kind;
  kind.input = facenet_input();
  // Below 75 pixels nothing is left before mixed_7a; above 1024 a crop costs 100 GFLOP.
  kind.least_size = 75;
  kind.most_size = 1024;
  kind.knows_people = true;
  kind.make = [](TensorSource& source, const std::string& prefix) {
    return std::make_unique<InceptionResnetV1>(source, prefix);
  };
  kind.random_weights = InceptionResnetV1::random_weights;
  return kind;
}

InceptionResnetV1::InceptionResnetV1(TensorSource& source, const std::string& prefix)
    : ConvBackbone(
          std::make_shared<Network>([&](const std::string& name,
                                        at::IntArrayRef shape) { return source.take(name, shape); },
                                    prefix),
          Length::kOne) {}

TensorMap InceptionResnetV1::random_weights(std::uint64_t seed) {
  return random_tensors([](const Take& take) { Network(take, ""); }, seed);
}

}  // namespace dfd
