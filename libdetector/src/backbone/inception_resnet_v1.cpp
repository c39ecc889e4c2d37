// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_resnet_v1.h"

#include <array>
#include <utility>
#include <vector>

#include "backbone/inception_blocks.h"

namespace dfd {
namespace {

constexpr std::int64_t kFeatures = 1792;  // Channels of the last feature map.
constexpr std::int64_t kEmbedded = 512;   // D

using Take = ConvNetwork::Take;
using Specs = std::vector<std::vector<ConvSpec>>;

class Network : public ConvNetwork {
 public:
  Network(const Take& take, const std::string& prefix) {
    make_stem(take, prefix);
    const Specs block35{{{256, 32, k1}},
                        {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}},
                        {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}, {32, 32, k3, 1, {1, 1}}}};
    const Specs block17{
        {{896, 128, k1}},
        {{896, 128, k1}, {128, 128, {1, 7}, 1, {0, 3}}, {128, 128, {7, 1}, 1, {3, 0}}}};
    const Specs block8{
        {{1792, 192, k1}},
        {{1792, 192, k1}, {192, 192, {1, 3}, 1, {0, 1}}, {192, 192, {3, 1}, 1, {1, 0}}}};
    repeat_1_ = make_residuals(take, prefix + "repeat_1", 5, block35, 0.17);
    mixed_6a_ = make_block(take, prefix + "mixed_6a",
                           {{{{256, 384, k3, 2}}, /*alone=*/true},
                            {{{256, 192, k1}, {192, 192, k3, 1, {1, 1}}, {192, 256, k3, 2}}}},
                           /*pooled_branch=*/true);
    repeat_2_ = make_residuals(take, prefix + "repeat_2", 10, block17, 0.10);
    mixed_7a_ = make_block(take, prefix + "mixed_7a",
                           {{{{896, 256, k1}, {256, 384, k3, 2}}},
                            {{{896, 256, k1}, {256, 256, k3, 2}}},
                            {{{896, 256, k1}, {256, 256, k3, 1, {1, 1}}, {256, 256, k3, 2}}}},
                           /*pooled_branch=*/true);
    repeat_3_ = make_residuals(take, prefix + "repeat_3", 5, block8, 0.20);
    block8_ = make_residual(take, prefix + "block8", block8, 1.0);
    block8_.projection[0].activation = Activation::kNone;
    last_.name = prefix + "last_linear";
    last_.weight = take(last_.name + ".weight", {kEmbedded, kFeatures});
    add_norm(take, prefix + "last_bn", kEmbedded, last_);
    last_.activation = Activation::kNone;
  }

  std::vector<ConvUnit*> units() override {
    std::vector<ConvUnit*> all;
    for (ConvUnit& unit : stem_) all.push_back(&unit);
    for (InceptionBlock& block : repeat_1_) block.add_units(all);
    mixed_6a_.add_units(all);
    for (InceptionBlock& block : repeat_2_) block.add_units(all);
    mixed_7a_.add_units(all);
    for (InceptionBlock& block : repeat_3_) block.add_units(all);
    block8_.add_units(all);
    all.push_back(&last_);
    return all;
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
    x = run_blocks(ops, "repeat_1", repeat_1_, std::move(x));
    x = run_block(ops, "mixed_6a", mixed_6a_, x);
    return run_blocks(ops, "repeat_2", repeat_2_, std::move(x));
  }

  Ops::Value run_upper(Ops& ops, Ops::Value x) const override {
    x = run_block(ops, "mixed_7a", mixed_7a_, x);
    x = run_blocks(ops, "repeat_3", repeat_3_, std::move(x));
    return ops.embed(last_, run_block(ops, "block8", block8_, x));
  }

 private:
  // A pool follows the third.
  void make_stem(const Take& take, const std::string& prefix) {
    const auto conv = [&](const char* name, const ConvSpec& spec) {
      stem_.push_back(make_unit(take, prefix + name, spec));
    };
    conv("conv2d_1a", {3, 32, k3, 2});
    conv("conv2d_2a", {32, 32, k3});
    conv("conv2d_2b", {32, 64, k3, 1, {1, 1}});
    conv("conv2d_3b", {64, 80, k1});
    conv("conv2d_4a", {80, 192, k3});
    conv("conv2d_4b", {192, 256, k3, 2});
  }

  std::vector<ConvUnit> stem_;
  std::vector<InceptionBlock> repeat_1_, repeat_2_, repeat_3_;
  InceptionBlock mixed_6a_, mixed_7a_, block8_;
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
  kind.make = [](TensorSource& source, const std::string& prefix, const Metadata& /*settings*/) {
    return std::make_unique<InceptionResnetV1>(source, prefix);
  };
  kind.random_weights = [](std::uint64_t seed, const Metadata& /*settings*/) {
    return InceptionResnetV1::random_weights(seed);
  };
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
