// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/conv_backbone.h"

#include <cmath>
#include <utility>
#include <vector>

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

at::Tensor run_aten(const ConvNetwork& network, const at::Tensor& crops, AtenOps ops) {
  return AtenOps::tensor_of(network.run(ops, AtenOps::value_of(crops)));
}

// As its layers take them.
at::Tensor input_of(const ConvNetwork& network, const at::Tensor& crops) {
  if (network.clip_length() == 0) {
    DFD_CHECK(crops.dim() == 4 && crops.size(0) > 0 && crops.size(1) == 3);
    return crops;
  }
  DFD_CHECK(crops.dim() == 5 && crops.size(0) > 0 && crops.size(1) == network.clip_length() &&
            crops.size(2) == 3);
  return crops.permute({0, 2, 1, 3, 4});
}

}  // namespace

void fold_unit(ConvUnit& unit) {
  // In double: a folded network stays within 2e-6 of the unfolded one.
  at::Tensor factor = at::full({unit.weight.size(0)}, unit.scale, at::kDouble);
  at::Tensor bias = at::zeros({unit.weight.size(0)}, at::kDouble);
  if (unit.bias.defined()) bias = unit.bias.to(at::kDouble) * unit.scale;
  if (unit.gamma.defined()) {
    DFD_CHECK(!unit.bias.defined());
    factor = factor * unit.gamma.to(at::kDouble) /
             at::sqrt(unit.variance.to(at::kDouble) + unit.epsilon);
    bias = unit.beta.to(at::kDouble) * unit.scale - unit.mean.to(at::kDouble) * factor;
  }
  std::vector<std::int64_t> shape(static_cast<std::size_t>(unit.weight.dim()), 1);
  shape[0] = -1;
  unit.bias = bias.to(at::kFloat).contiguous();
  unit.weight = (unit.weight.to(at::kDouble) * factor.view(shape)).to(at::kFloat).contiguous();
  unit.gamma = unit.beta = unit.mean = unit.variance = at::Tensor();
  unit.scale = 1;
}

ConvBackbone::ConvBackbone(std::shared_ptr<ConvNetwork> network, Length length)
    : network_(std::move(network)), length_(length) {}

std::int64_t ConvBackbone::embedding_size() const {
  return network_->units().back()->weight.size(0);
}

at::Tensor ConvBackbone::finish(const at::Tensor& embedding) const {
  if (length_ == Length::kAsItIs) return embedding;
  return embedding / embedding.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor ConvBackbone::embed(const at::Tensor& crops, const AtenOps::Probe& probe) const {
  const at::Tensor input = input_of(*network_, crops);
  if (plans_ && !probe) return finish(run_plans(*plans_, input));
  const at::ScalarType type = network_->units().front()->weight.scalar_type();
  return finish(run_aten(*network_, input.to(type), AtenOps(probe)));
}

at::Tensor ConvBackbone::feature_map(const at::Tensor& crops) const {
  const at::Tensor input = input_of(*network_, crops).to(at::kFloat);
  AtenOps ops;
  return AtenOps::tensor_of(network_->run_lower(ops, AtenOps::value_of(input)));
}

at::Tensor ConvBackbone::embed_map(const at::Tensor& map) const {
  DFD_CHECK(map.dim() == (clip_length() == 0 ? 4 : 5) && map.scalar_type() == at::kFloat);
  AtenOps ops;
  return finish(AtenOps::tensor_of(network_->run_upper(ops, AtenOps::value_of(map))));
}

void ConvBackbone::calibrate(const at::Tensor& crops) {
  const c10::NoGradGuard no_grad;
  DFD_CHECK(!folded_);
  run_aten(*network_, input_of(*network_, crops), AtenOps({}, AtenOps::Norms::kCalibrate));
}

void ConvBackbone::fold(const at::Device& device, at::ScalarType type) {
  const std::vector<ConvUnit*> units = network_->units();
  for (ConvUnit* unit : units) fold_unit(*unit);
  folded_ = true;
  const bool bfloat16 = type == at::kBFloat16;
  const bool pictures = clip_length() == 0;
  if (pictures && device.is_cpu() && (type == at::kFloat || (bfloat16 && cpu_has_bfloat16()))) {
    plans_ = CpuPlans::make(network_, bfloat16);
  }
  // The plans round the weights themselves.
  const at::ScalarType stored = plans_ ? at::kFloat : type;
  for (ConvUnit* unit : units) {
    const bool linear = unit->weight.dim() == 2;  // It computes in float.
    unit->weight = unit->weight.to(device, linear ? at::kFloat : stored);
    unit->bias = unit->bias.to(device, linear ? at::kFloat : stored);
    if (linear) continue;
    unit->weight = unit->weight.contiguous(pictures ? at::MemoryFormat::ChannelsLast
                                                    : at::MemoryFormat::ChannelsLast3d);
  }
}

TensorMap ConvBackbone::tensors() const {
  DFD_CHECK(!folded_);
  TensorMap found;
  for (const ConvUnit* unit : network_->units()) {
    if (unit->name.empty()) continue;
    found[unit->name + ".weight"] = unit->weight;
    if (unit->bias.defined()) found[unit->name + ".bias"] = unit->bias;
    if (!unit->gamma.defined()) continue;
    found[unit->norm_name + ".weight"] = unit->gamma;
    found[unit->norm_name + ".bias"] = unit->beta;
    found[unit->norm_name + ".running_mean"] = unit->mean;
    found[unit->norm_name + ".running_var"] = unit->variance;
  }
  return found;
}

void ConvBackbone::move(const at::Device& device) {
  DFD_CHECK(!folded_);
  for (ConvUnit* unit : network_->units()) {
    for (at::Tensor* tensor :
         {&unit->weight, &unit->bias, &unit->gamma, &unit->beta, &unit->mean, &unit->variance}) {
      if (tensor->defined()) *tensor = tensor->to(device);
    }
  }
}

std::vector<std::vector<std::string>> ConvBackbone::trainable_layers() const {
  DFD_CHECK(!folded_);
  std::vector<std::vector<std::string>> layers;
  for (const ConvUnit* unit : network_->units()) {
    if (unit->name.empty()) continue;
    std::vector<std::string>& names = layers.emplace_back();
    names.push_back(unit->name + ".weight");
    if (unit->bias.defined()) names.push_back(unit->name + ".bias");
    if (!unit->gamma.defined()) continue;
    names.push_back(unit->norm_name + ".weight");
    names.push_back(unit->norm_name + ".bias");
  }
  return layers;
}

at::Tensor ConvBackbone::embed_training(const at::Tensor& crops,
                                        NormStatisticsMap& statistics) const {
  DFD_CHECK(!folded_);
  return finish(run_aten(*network_, input_of(*network_, crops),
                         AtenOps({}, AtenOps::Norms::kTrain, &statistics)));
}

void add_norm(const ConvNetwork::Take& take, const std::string& name, std::int64_t channels,
              ConvUnit& unit) {
  unit.norm_name = name;
  unit.gamma = take(name + ".weight", {channels});
  unit.beta = take(name + ".bias", {channels});
  unit.mean = take(name + ".running_mean", {channels});
  unit.variance = take(name + ".running_var", {channels});
}

ConvUnit make_unit(const ConvNetwork::Take& take, const std::string& name, const ConvSpec& spec,
                   Activation activation) {
  ConvUnit unit;
  add_norm(take, name + ".bn", spec.out, unit);
  unit.name = name + ".conv";
  unit.weight = take(unit.name + ".weight", {spec.out, spec.in, spec.kernel[0], spec.kernel[1]});
  unit.stride = {spec.stride, spec.stride};
  unit.padding = {spec.padding[0], spec.padding[1]};
  unit.activation = activation;
  return unit;
}

TensorMap random_tensors(const std::function<void(const ConvNetwork::Take& take)>& build,
                         std::uint64_t seed, std::optional<double> deviation) {
  TensorMap tensors;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  build([&](const std::string& name, at::IntArrayRef shape) {
    const auto ends_with = [&](const std::string& end) {
      return name.size() >= end.size() &&
             name.compare(name.size() - end.size(), end.size(), end) == 0;
    };
    at::Tensor tensor;
    if (shape.size() > 1) {
      const double inputs = static_cast<double>(c10::multiply_integers(shape.slice(1)));
      tensor = at::empty(shape).normal_(0, deviation.value_or(std::sqrt(2 / inputs)), generator);
    } else {
      // Of vectors that are called weight, all are factors of norms.
      tensor =
          ends_with(".weight") || ends_with(".running_var") ? at::ones(shape) : at::zeros(shape);
    }
    tensors[name] = tensor;
    return tensor;
  });
  return tensors;
}

}  // namespace dfd
