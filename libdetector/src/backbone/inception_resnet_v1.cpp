// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_resnet_v1.h"

#include <array>
#include <cmath>
#include <utility>

#include <ATen/CPUGeneratorImpl.h>

#include "base/check.h"

namespace dfd {
namespace {

constexpr double kBatchNormEpsilon = 1e-3;  // facenet-pytorch; PyTorch's own default is 1e-5.

using Take = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;
using Pair = std::array<std::int64_t, 2>;

// What one convolution is, as the papers' tables give it.
struct Spec {
  std::int64_t in, out;
  Pair kernel;
  std::int64_t stride = 1;
  Pair padding{0, 0};
};

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

constexpr Pair k1{1, 1};
constexpr Pair k3{3, 3};

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

at::Tensor max_pool(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }

}  // namespace

// Inception block: branches side by side; with a projection it is residual.
struct InceptionResnetV1::Block {
  std::vector<std::vector<ConvUnit>> branches;
  bool pooled_branch = false;  // A max pool as the last branch.
  at::Tensor projection, projection_bias;
  std::string name;
  double scale = 0;
  bool relu = true;

  static Block residual(const Take& take, const std::string& name,
                        const std::vector<std::vector<Spec>>& branches, double scale) {
    Block block = reduction(take, name, branches, true, false);
    std::int64_t joined = 0;
    for (const auto& branch : branches) joined += branch.back().out;
    const std::int64_t channels = branches[0][0].in;
    block.projection = take(name + ".conv2d.weight", {channels, joined, 1, 1});
    block.projection_bias = take(name + ".conv2d.bias", {channels});
    block.scale = scale;
    return block;
  }

  // first_alone: whether branch0's weights lack a number.
  static Block reduction(const Take& take, const std::string& name,
                         const std::vector<std::vector<Spec>>& branches, bool first_alone,
                         bool pooled_branch = true) {
    Block block;
    block.name = name;
    block.pooled_branch = pooled_branch;
    for (std::size_t i = 0; i < branches.size(); ++i) {
      block.branches.push_back(make_branch(take, name + ".branch" + std::to_string(i), branches[i],
                                           i > 0 || !first_alone));
    }
    return block;
  }
};

struct InceptionResnetV1::Layers {
  std::vector<ConvUnit> stem;  // A pool follows the third.
  std::vector<Block> repeat_1, repeat_2, repeat_3;
  Block mixed_6a, mixed_7a, block8;
  ConvUnit last;  // Linear [512, 1792] without bias, then a batch norm.

  Layers(const Take& take, const std::string& prefix) {
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
    const auto repeat = [&](const char* name, int count,
                            const std::vector<std::vector<Spec>>& specs, double scale) {
      std::vector<Block> blocks;
      blocks.reserve(static_cast<std::size_t>(count));
      for (int i = 0; i < count; ++i) {
        blocks.push_back(
            Block::residual(take, prefix + name + "." + std::to_string(i), specs, scale));
      }
      return blocks;
    };
    repeat_1 = repeat("repeat_1", 5, block35, 0.17);
    mixed_6a = Block::reduction(
        take, prefix + "mixed_6a",
        {{{256, 384, k3, 2}}, {{256, 192, k1}, {192, 192, k3, 1, {1, 1}}, {192, 256, k3, 2}}},
        true);
    repeat_2 = repeat("repeat_2", 10, block17, 0.10);
    mixed_7a = Block::reduction(take, prefix + "mixed_7a",
                                {{{896, 256, k1}, {256, 384, k3, 2}},
                                 {{896, 256, k1}, {256, 256, k3, 2}},
                                 {{896, 256, k1}, {256, 256, k3, 1, {1, 1}}, {256, 256, k3, 2}}},
                                false);
    repeat_3 = repeat("repeat_3", 5, block8_specs, 0.20);
    block8 = Block::residual(take, prefix + "block8", block8_specs, 1.0);
    block8.relu = false;
    at::Tensor weight = take(prefix + "last_linear.weight", {kEmbeddingSize, 1792});
    last = make_norm(take, prefix + "last_bn", kEmbeddingSize);
    last.weight = std::move(weight);
  }
};

InceptionResnetV1::InceptionResnetV1(TensorSource& source, const std::string& prefix)
    : layers_(std::make_shared<Layers>(
          [&](const std::string& name, at::IntArrayRef shape) { return source.take(name, shape); },
          prefix)) {}

TensorMap InceptionResnetV1::random_weights(std::uint64_t seed) {
  TensorMap tensors;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const Layers layers(
      [&](const std::string& name, at::IntArrayRef shape) {
        const auto ends_with = [&](const std::string& end) {
          return name.size() >= end.size() &&
                 name.compare(name.size() - end.size(), end.size(), end) == 0;
        };
        at::Tensor tensor;
        if (shape.size() > 1) {
          const double inputs = static_cast<double>(c10::multiply_integers(shape.slice(1)));
          tensor = at::empty(shape).normal_(0, std::sqrt(2 / inputs), generator);
        } else {
          tensor = ends_with("bn.weight") || ends_with("running_var") ? at::ones(shape)
                                                                      : at::zeros(shape);
        }
        tensors[name] = tensor;
        return tensor;
      },
      "");
  return tensors;
}

std::vector<ConvUnit*> InceptionResnetV1::units() {
  std::vector<ConvUnit*> found;
  const auto add = [&](std::vector<ConvUnit>& chain) {
    for (ConvUnit& unit : chain) found.push_back(&unit);
  };
  const auto add_block = [&](Block& block) {
    for (auto& branch : block.branches) add(branch);
  };
  Layers& all = *layers_;
  add(all.stem);
  for (auto* blocks : {&all.repeat_1, &all.repeat_2, &all.repeat_3}) {
    for (Block& block : *blocks) add_block(block);
  }
  for (Block* block : {&all.mixed_6a, &all.mixed_7a, &all.block8}) add_block(*block);
  return found;
}

at::Tensor InceptionResnetV1::normalise(const ConvUnit& unit, const at::Tensor& x,
                                        bool calibrating) {
  if (calibrating) {
    std::vector<std::int64_t> all_but_channels{0};
    for (std::int64_t i = 2; i < x.dim(); ++i) all_but_channels.push_back(i);
    unit.mean.copy_(x.mean(all_but_channels));
    unit.variance.copy_(x.var(all_but_channels, /*unbiased=*/false));
  }
  return at::batch_norm(x, unit.gamma, unit.beta, unit.mean, unit.variance, /*training=*/false,
                        /*momentum=*/0.1, kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

at::Tensor InceptionResnetV1::run(const ConvUnit& unit, const at::Tensor& x) const {
  at::Tensor y = at::conv2d(x, unit.weight, unit.bias, unit.stride, unit.padding);
  if (unit.gamma.defined()) y = normalise(unit, y, calibrating_);
  return y.relu_();
}

at::Tensor InceptionResnetV1::run(const std::vector<ConvUnit>& chain, at::Tensor x) const {
  for (const ConvUnit& unit : chain) x = run(unit, x);
  return x;
}

at::Tensor InceptionResnetV1::run(const Block& block, const at::Tensor& x) const {
  std::vector<at::Tensor> outputs;
  for (const auto& branch : block.branches) outputs.push_back(run(branch, x));
  if (block.pooled_branch) outputs.push_back(max_pool(x));
  at::Tensor y = at::cat(outputs, 1);
  if (!block.projection.defined()) return y;
  y = at::conv2d(y, block.projection, block.projection_bias).mul_(block.scale).add_(x);
  return block.relu ? y.relu_() : y;
}

at::Tensor InceptionResnetV1::pooled_features(const at::Tensor& crops, const Probe& probe) const {
  const auto tell = [&](const std::string& stage, const at::Tensor& output) {
    if (probe) probe(stage, output);
  };
  static constexpr std::array kStem{"conv2d_1a", "conv2d_2a", "conv2d_2b",
                                    "conv2d_3b", "conv2d_4a", "conv2d_4b"};
  const Layers& all = *layers_;
  at::Tensor x = crops;
  for (std::size_t i = 0; i < kStem.size(); ++i) {
    x = run(all.stem[i], x);
    tell(kStem[i], x);
    if (i == 2) {
      x = max_pool(x);
      tell("maxpool_3a", x);
    }
  }
  const auto repeat = [&](const char* stage, const std::vector<Block>& blocks) {
    for (const Block& block : blocks) x = run(block, x);
    tell(stage, x);
  };
  const auto once = [&](const char* stage, const Block& block) {
    x = run(block, x);
    tell(stage, x);
  };
  repeat("repeat_1", all.repeat_1);
  once("mixed_6a", all.mixed_6a);
  repeat("repeat_2", all.repeat_2);
  once("mixed_7a", all.mixed_7a);
  repeat("repeat_3", all.repeat_3);
  once("block8", all.block8);
  x = x.mean({2, 3}, /*keepdim=*/true);
  tell("avgpool_1a", x);
  return x.flatten(1);
}

at::Tensor InceptionResnetV1::embed(const at::Tensor& crops, const Probe& probe) const {
  DFD_CHECK(crops.dim() == 4 && crops.size(1) == 3);
  at::Tensor x = pooled_features(crops, probe);
  const ConvUnit& last = layers_->last;
  x = at::linear(x, last.weight, last.bias);
  if (last.gamma.defined()) {
    if (probe) probe("last_linear", x);
    x = normalise(last, x, calibrating_);
  }
  if (probe) probe("last_bn", x);
  return x / x.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

void InceptionResnetV1::calibrate(const at::Tensor& crops) {
  const at::NoGradGuard no_grad;
  DFD_CHECK(layers_->last.gamma.defined());
  calibrating_ = true;
  embed(crops);
  calibrating_ = false;
}

void InceptionResnetV1::fold(const at::Device& device) {
  const auto place = [&](at::Tensor& tensor) {
    tensor = tensor.dim() == 4 ? tensor.to(device).contiguous(at::MemoryFormat::ChannelsLast)
                               : tensor.to(device);
  };
  for (ConvUnit* unit : units()) {
    fold_norm(*unit);
    place(unit->weight);
    place(unit->bias);
  }
  Layers& all = *layers_;
  for (auto* blocks : {&all.repeat_1, &all.repeat_2, &all.repeat_3}) {
    for (Block& block : *blocks) {
      place(block.projection);
      place(block.projection_bias);
    }
  }
  place(all.block8.projection);
  place(all.block8.projection_bias);
  fold_norm(all.last);
  place(all.last.weight);
  place(all.last.bias);
}

TensorMap InceptionResnetV1::tensors() const {
  DFD_CHECK(layers_->last.gamma.defined());
  TensorMap found;
  Layers& all = *layers_;
  const auto add_norm = [&](const ConvUnit& unit, const std::string& name) {
    found[name + ".weight"] = unit.gamma;
    found[name + ".bias"] = unit.beta;
    found[name + ".running_mean"] = unit.mean;
    found[name + ".running_var"] = unit.variance;
  };
  for (const ConvUnit* unit : const_cast<InceptionResnetV1*>(this)->units()) {
    found[unit->name + ".conv.weight"] = unit->weight;
    add_norm(*unit, unit->name + ".bn");
  }
  const auto add_projection = [&](const Block& block) {
    found[block.name + ".conv2d.weight"] = block.projection;
    found[block.name + ".conv2d.bias"] = block.projection_bias;
  };
  for (auto* blocks : {&all.repeat_1, &all.repeat_2, &all.repeat_3}) {
    for (const Block& block : *blocks) add_projection(block);
  }
  add_projection(all.block8);
  found["last_linear.weight"] = all.last.weight;
  add_norm(all.last, "last_bn");
  return found;
}

}  // namespace dfd
