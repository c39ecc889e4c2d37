// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_resnet_v1.h"

#include <cmath>
#include <utility>

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include "base/check.h"
#include "base/padding.h"

namespace dfd {
namespace {

// How many of that many crops go into the next plan, and its size: padded to the next power of two
// when a quarter at most is wasted, else as many as fill one. Beyond 32 nothing is gained.
struct Share {
  std::int64_t crops, size;
};
Share next_share(std::int64_t crops) {
  constexpr std::int64_t kLargestPlan = 32;
  if (crops >= kLargestPlan) return {kLargestPlan, kLargestPlan};
  const std::int64_t size = padded_size(crops);
  return 4 * crops >= 3 * size ? Share{crops, size} : Share{size / 2, size / 2};
}

at::Tensor batch_norm(const ConvUnit& unit, const at::Tensor& x, bool calibrating) {
  if (calibrating) {
    std::vector<std::int64_t> all_but_channels{0};
    for (std::int64_t i = 2; i < x.dim(); ++i) all_but_channels.push_back(i);
    unit.mean.copy_(x.mean(all_but_channels));
    unit.variance.copy_(x.var(all_but_channels, /*unbiased=*/false));
  }
  return at::batch_norm(x, unit.gamma, unit.beta, unit.mean, unit.variance, /*training=*/false,
                        /*momentum=*/0.1, kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

// A weight as its factor wants it.
at::Tensor like(const at::Tensor& x, const at::Tensor& weight) {
  return weight.defined() ? weight.to(x.scalar_type()) : weight;
}

// LibTorch's operators: the reference, what runs on CUDA, and what gradients pass.
struct AtenOps {
  using Value = at::Tensor;

  InceptionResnetV1::Probe probe;
  bool calibrating;

  at::Tensor conv(const ConvUnit& unit, const at::Tensor& x) const {
    at::Tensor y =
        at::conv2d(x, like(x, unit.weight), like(x, unit.bias), unit.stride, unit.padding);
    if (unit.gamma.defined()) y = batch_norm(unit, y, calibrating);
    return y.relu_();
  }
  static at::Tensor max_pool(const at::Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }
  static at::Tensor join(const std::vector<at::Tensor>& parts) { return at::cat(parts, 1); }
  static at::Tensor project(const Block& block, const at::Tensor& joined, const at::Tensor& x) {
    at::Tensor y = at::conv2d(joined, like(x, block.projection), like(x, block.projection_bias));
    if (block.scale != 1) y.mul_(block.scale);
    y.add_(x);
    return block.relu ? y.relu_() : y;
  }
  void tell(const char* stage, const at::Tensor& output) const {
    if (probe) probe(stage, output);
  }
};

// The last feature map -> float [N, 512] before its length becomes 1.
at::Tensor run_last(const AtenOps& ops, const Layers& layers, const at::Tensor& map) {
  at::Tensor x = map.to(at::kFloat).mean({2, 3}, /*keepdim=*/true);
  ops.tell("avgpool_1a", x);
  x = at::linear(x.flatten(1), layers.last.weight, layers.last.bias);
  if (layers.last.gamma.defined()) {
    ops.tell("last_linear", x);
    x = batch_norm(layers.last, x, ops.calibrating);
  }
  ops.tell("last_bn", x);
  return x;
}

// float [N, 3, S, S] -> float [N, 512] before its length becomes 1.
at::Tensor run_aten(const Layers& layers, const at::Tensor& crops,
                    const InceptionResnetV1::Probe& probe, bool calibrating) {
  AtenOps ops{probe, calibrating};
  const at::Tensor input = crops.to(layers.stem[0].weight.scalar_type());
  return run_last(ops, layers, run_layers(ops, layers, input));
}

at::Tensor to_unit_length(const at::Tensor& x) {
  return x / x.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor run_plans(CpuPlans& plans, const at::Tensor& crops) {
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < crops.size(0);) {
    const Share share = next_share(crops.size(0) - first);
    const at::Tensor batch =
        pad_dimension(crops.narrow(0, first, share.crops).to(at::kFloat), 0, share.size);
    parts.push_back(
        plans.embed(batch.contiguous(at::MemoryFormat::ChannelsLast)).narrow(0, 0, share.crops));
    first += share.crops;
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts);
}

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

at::Tensor InceptionResnetV1::embed(const at::Tensor& crops, const Probe& probe) const {
  DFD_CHECK(crops.dim() == 4 && crops.size(0) > 0 && crops.size(1) == 3);
  const at::Tensor x = plans_ && !probe ? run_plans(*plans_, crops)
                                        : run_aten(*layers_, crops, probe, /*calibrating=*/false);
  return to_unit_length(x);
}

at::Tensor InceptionResnetV1::feature_map(const at::Tensor& crops) const {
  DFD_CHECK(crops.dim() == 4 && crops.size(0) > 0 && crops.size(1) == 3);
  AtenOps ops{Probe(), /*calibrating=*/false};
  return run_lower_layers(ops, *layers_, crops.to(at::kFloat));
}

at::Tensor InceptionResnetV1::embed_map(const at::Tensor& map) const {
  DFD_CHECK(map.dim() == 4 && map.scalar_type() == at::kFloat);
  AtenOps ops{Probe(), /*calibrating=*/false};
  return to_unit_length(run_last(ops, *layers_, run_upper_layers(ops, *layers_, map)));
}

void InceptionResnetV1::calibrate(const at::Tensor& crops) {
  const c10::NoGradGuard no_grad;
  DFD_CHECK(layers_->last.gamma.defined());
  run_aten(*layers_, crops, {}, /*calibrating=*/true);
}

void InceptionResnetV1::fold(const at::Device& device, at::ScalarType type) {
  Layers& layers = *layers_;
  layers.fold();
  const bool bfloat16 = type == at::kBFloat16;
  if (device.is_cpu() && (type == at::kFloat || (bfloat16 && cpu_has_bfloat16()))) {
    plans_ = CpuPlans::make(layers_, bfloat16);
  }
  // The plans round the weights themselves.
  const at::ScalarType stored = plans_ ? at::kFloat : type;
  const auto place = [&](at::Tensor& tensor) {
    tensor = tensor.to(device, stored);
    if (tensor.dim() == 4) tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
  };
  for (ConvUnit* unit : layers.units()) {
    place(unit->weight);
    place(unit->bias);
  }
  for (Block* block : layers.projecting()) {
    place(block->projection);
    place(block->projection_bias);
  }
  layers.last.weight = layers.last.weight.to(device);
  layers.last.bias = layers.last.bias.to(device);
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
  for (const ConvUnit* unit : all.units()) {
    found[unit->name + ".conv.weight"] = unit->weight;
    add_norm(*unit, unit->name + ".bn");
  }
  for (const Block* block : all.projecting()) {
    found[block->name + ".conv2d.weight"] = block->projection;
    found[block->name + ".conv2d.bias"] = block->projection_bias;
  }
  found["last_linear.weight"] = all.last.weight;
  add_norm(all.last, "last_bn");
  return found;
}

}  // namespace dfd
