// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_resnet_v2.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backbone/conv_backbone.h"
#include "backbone/inception_blocks.h"

namespace dfd {
namespace {

using Take = ConvNetwork::Take;
using Specs = std::vector<std::vector<ConvSpec>>;

class Network : public ConvNetwork {
 public:
  Network(const Take& take, const std::string& prefix) {
    make_stem(take, prefix);
    mixed_5b_ = make_block(take, prefix + "mixed_5b",
                           {{{{192, 96, k1}}, /*alone=*/true},
                            {{{192, 48, k1}, {48, 64, {5, 5}, 1, {2, 2}}}},
                            {{{192, 64, k1}, {64, 96, k3, 1, kAround}, {96, 96, k3, 1, kAround}}},
                            {{{192, 64, k1}}, /*alone=*/false, /*averaged=*/true}});
    const Specs block35{{{320, 32, k1}},
                        {{320, 32, k1}, {32, 32, k3, 1, kAround}},
                        {{320, 32, k1}, {32, 48, k3, 1, kAround}, {48, 64, k3, 1, kAround}}};
    repeat_ = make_residuals(take, prefix + "repeat", 10, block35, 0.17);
    mixed_6a_ = make_block(take, prefix + "mixed_6a",
                           {{{{320, 384, k3, 2}}, /*alone=*/true},
                            {{{320, 256, k1}, {256, 256, k3, 1, kAround}, {256, 384, k3, 2}}}},
                           /*pooled_branch=*/true);
    const Specs block17{
        {{1088, 192, k1}},
        {{1088, 128, k1}, {128, 160, {1, 7}, 1, {0, 3}}, {160, 192, {7, 1}, 1, {3, 0}}}};
    repeat_1_ = make_residuals(take, prefix + "repeat_1", 20, block17, 0.10);
    mixed_7a_ = make_block(take, prefix + "mixed_7a",
                           {{{{1088, 256, k1}, {256, 384, k3, 2}}},
                            {{{1088, 256, k1}, {256, 288, k3, 2}}},
                            {{{1088, 256, k1}, {256, 288, k3, 1, kAround}, {288, 320, k3, 2}}}},
                           /*pooled_branch=*/true);
    const Specs block8{
        {{2080, 192, k1}},
        {{2080, 192, k1}, {192, 224, {1, 3}, 1, {0, 1}}, {224, 256, {3, 1}, 1, {1, 0}}}};
    repeat_2_ = make_residuals(take, prefix + "repeat_2", 9, block8, 0.20);
    block8_ = make_residual(take, prefix + "block8", block8, 1.0);
    block8_.projection[0].activation = Activation::kNone;
    last_ = make_unit(take, prefix + "conv2d_7b", {2080, 1536, k1});
  }

  std::vector<ConvUnit*> units() override {
    std::vector<ConvUnit*> all;
    for (ConvUnit& unit : stem_) all.push_back(&unit);
    mixed_5b_.add_units(all);
    for (InceptionBlock& block : repeat_) block.add_units(all);
    mixed_6a_.add_units(all);
    for (InceptionBlock& block : repeat_1_) block.add_units(all);
    mixed_7a_.add_units(all);
    for (InceptionBlock& block : repeat_2_) block.add_units(all);
    block8_.add_units(all);
    all.push_back(&last_);
    return all;
  }

  Ops::Value run_lower(Ops& ops, Ops::Value x) const override {
    for (std::size_t i = 0; i < kStem.size(); ++i) {
      x = ops.conv(stem_[i], x);
      ops.tell(kStem.at(i), x);
      if (i == 2 || i == 4) x = ops.max_pool(x);
    }
    x = run_block(ops, "mixed_5b", mixed_5b_, x);
    x = run_blocks(ops, "repeat", repeat_, std::move(x));
    x = run_block(ops, "mixed_6a", mixed_6a_, x);
    return run_blocks(ops, "repeat_1", repeat_1_, std::move(x));
  }

  Ops::Value run_upper(Ops& ops, Ops::Value x) const override {
    x = run_block(ops, "mixed_7a", mixed_7a_, x);
    x = run_blocks(ops, "repeat_2", repeat_2_, std::move(x));
    x = ops.conv(last_, run_block(ops, "block8", block8_, x));
    ops.tell("conv2d_7b", x);
    return ops.mean(x);
  }

 private:
  static constexpr std::array kStem{"conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b",
                                    "conv2d_4a"};

  void make_stem(const Take& take, const std::string& prefix) {
    const std::array<ConvSpec, kStem.size()> specs{
        {{3, 32, k3, 2}, {32, 32, k3}, {32, 64, k3, 1, kAround}, {64, 80, k1}, {80, 192, k3}}};
    for (std::size_t i = 0; i < kStem.size(); ++i) {
      stem_.push_back(make_unit(take, prefix + kStem.at(i), specs.at(i)));
    }
  }

  std::vector<ConvUnit> stem_;
  InceptionBlock mixed_5b_, mixed_6a_, mixed_7a_, block8_;
  std::vector<InceptionBlock> repeat_, repeat_1_, repeat_2_;
  ConvUnit last_;
};

}  // namespace

BackboneKind inception_resnet_v2_kind() {
  BackboneKind kind;
  kind.input.size = 299;
  kind.input.mean = {127.5, 127.5, 127.5};
  kind.input.std = {127.5, 127.5, 127.5};
  // As v1: below 75 pixels nothing is left before mixed_7a.
  kind.least_size = 75;
  kind.most_size = 1024;
  make_networks_of<Network>(kind, ConvBackbone::Length::kAsItIs);
  return kind;
}

}  // namespace dfd
