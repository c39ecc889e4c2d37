// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/layers.h"

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

using Take = Layers::Take;

ConvUnit make_norm(const Take& take, const std::string& name, std::int64_t channels) {
  ConvUnit unit;
  unit.name = name;
  unit.gamma = take(name + ".weight", {channels});
  unit.beta = take(name + ".bias", {channels});
  unit.mean = take(name + ".running_mean", {channels});
  unit.variance = take(name + ".running_var", {channels});
  return unit;
}

ConvUnit make_unit(const Take& take, const std::string& name, const Spec& spec) {
  ConvUnit unit = make_norm(take, name + ".bn", spec.out);
  unit.name = name;
  unit.weight = take(name + ".conv.weight", {spec.out, spec.in, spec.kernel[0], spec.kernel[1]});
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
  block.name = name;
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
  block.projection = take(name + ".conv2d.weight", {channels, joined, 1, 1});
  block.projection_bias = take(name + ".conv2d.bias", {channels});
  block.scale = scale;
  return block;
}

void fold_norm(ConvUnit& unit) {
  // In double: the folded network stays within 2e-6 of the unfolded one.
  const at::Tensor factor =
      unit.gamma.to(at::kDouble) / at::sqrt(unit.variance.to(at::kDouble) + kBatchNormEpsilon);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(unit.weight.dim()), 1);
  shape[0] = -1;
  unit.bias =
      (unit.beta.to(at::kDouble) - unit.mean.to(at::kDouble) * factor).to(at::kFloat).contiguous();
  unit.weight = (unit.weight.to(at::kDouble) * factor.view(shape)).to(at::kFloat).contiguous();
  unit.gamma = unit.beta = unit.mean = unit.variance = at::Tensor();
}

}  // namespace

Layers::Layers(const Take& take, const std::string& prefix) {
  const auto conv = [&](const char* name, const Spec& spec) {
    stem.push_back(make_unit(take, prefix + name, spec));
  };
  conv("conv2d_1a", {3, 32, k3, 2});
  conv("conv2d_2a", {32, 32, k3});
  conv("conv2d_2b", {32, 64, k3, 1, {1, 1}});
  conv("conv2d_3b", {64, 80, k1});
  conv("conv2d_4a", {80, 192, k3});
  conv("conv2d_4b", {192, 256, k3, 2});

  const std::vector<std::vector<Spec>> block35{
      {{256, 32, k1}},
      {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}},
      {{256, 32, k1}, {32, 32, k3, 1, {1, 1}}, {32, 32, k3, 1, {1, 1}}}};
  const std::vector<std::vector<Spec>> block17{
      {{896, 128, k1}},
      {{896, 128, k1}, {128, 128, {1, 7}, 1, {0, 3}}, {128, 128, {7, 1}, 1, {3, 0}}}};
  const std::vector<std::vector<Spec>> block8_specs{
      {{1792, 192, k1}},
      {{1792, 192, k1}, {192, 192, {1, 3}, 1, {0, 1}}, {192, 192, {3, 1}, 1, {1, 0}}}};
  const auto repeat = [&](const char* name, int count, const std::vector<std::vector<Spec>>& specs,
                          double scale) {
    std::vector<Block> blocks;
    blocks.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      blocks.push_back(make_residual(take, prefix + name + "." + std::to_string(i), specs, scale));
    }
    return blocks;
  };
  repeat_1 = repeat("repeat_1", 5, block35, 0.17);
  mixed_6a = make_block(
      take, prefix + "mixed_6a",
      {{{256, 384, k3, 2}}, {{256, 192, k1}, {192, 192, k3, 1, {1, 1}}, {192, 256, k3, 2}}},
      /*first_alone=*/true, /*pooled_branch=*/true);
  repeat_2 = repeat("repeat_2", 10, block17, 0.10);
  mixed_7a = make_block(take, prefix + "mixed_7a",
                        {{{896, 256, k1}, {256, 384, k3, 2}},
                         {{896, 256, k1}, {256, 256, k3, 2}},
                         {{896, 256, k1}, {256, 256, k3, 1, {1, 1}}, {256, 256, k3, 2}}},
                        /*first_alone=*/false, /*pooled_branch=*/true);
  repeat_3 = repeat("repeat_3", 5, block8_specs, 0.20);
  block8 = make_residual(take, prefix + "block8", block8_specs, 1.0);
  block8.relu = false;
  at::Tensor weight = take(prefix + "last_linear.weight", {kEmbedded, kFeatures});
  last = make_norm(take, prefix + "last_bn", kEmbedded);
  last.weight = std::move(weight);
}

std::vector<ConvUnit*> Layers::units() {
  std::vector<ConvUnit*> found;
  const auto add = [&](std::vector<ConvUnit>& chain) {
    for (ConvUnit& unit : chain) found.push_back(&unit);
  };
  add(stem);
  for (auto* blocks : {&repeat_1, &repeat_2, &repeat_3}) {
    for (Block& block : *blocks) {
      for (auto& branch : block.branches) add(branch);
    }
  }
  for (Block* block : {&mixed_6a, &mixed_7a, &block8}) {
    for (auto& branch : block->branches) add(branch);
  }
  return found;
}

std::vector<Block*> Layers::projecting() {
  std::vector<Block*> found;
  for (auto* blocks : {&repeat_1, &repeat_2, &repeat_3}) {
    for (Block& block : *blocks) found.push_back(&block);
  }
  found.push_back(&block8);
  return found;
}

void Layers::fold() {
  for (ConvUnit* unit : units()) fold_norm(*unit);
  fold_norm(last);
  for (Block* block : projecting()) {
    block->projection = block->projection * block->scale;
    block->projection_bias = block->projection_bias * block->scale;
    block->scale = 1;
  }
}

}  // namespace dfd
