// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/aten_ops.h"

#include <utility>
#include <vector>

namespace dfd {
namespace {

struct Held : Ops::Data {
  explicit Held(at::Tensor given) : tensor(std::move(given)) {}
  at::Tensor tensor;
};

// A weight as its factor wants it.
at::Tensor like(const at::Tensor& x, const at::Tensor& weight) {
  return weight.defined() ? weight.to(x.scalar_type()) : weight;
}

std::vector<std::int64_t> places_of(const at::Tensor& map) {
  std::vector<std::int64_t> dimensions;
  for (std::int64_t i = 2; i < map.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

}  // namespace

AtenOps::AtenOps(Probe probe, Norms norms, NormStatisticsMap* statistics)
    : probe_(std::move(probe)), norms_(norms), statistics_(statistics) {}

Ops::Value AtenOps::value_of(at::Tensor tensor) {
  return std::make_shared<const Held>(std::move(tensor));
}

const at::Tensor& AtenOps::tensor_of(const Value& value) {
  return static_cast<const Held&>(*value).tensor;
}

at::Tensor AtenOps::product(const ConvUnit& unit, const at::Tensor& x) const {
  const at::Tensor weight = like(x, unit.weight);
  const at::Tensor bias = like(x, unit.bias);
  return weight.dim() == 5 ? at::conv3d(x, weight, bias, unit.stride, unit.padding)
                           : at::conv2d(x, weight, bias, unit.stride, unit.padding);
}

at::Tensor AtenOps::norm(const ConvUnit& unit, const at::Tensor& x) const {
  if (norms_ == Norms::kTrain && unit.gamma.requires_grad()) {
    const auto [y, mean, inverse] =
        at::native_batch_norm(x, unit.gamma, unit.beta, /*running_mean=*/{}, /*running_var=*/{},
                              /*training=*/true, /*momentum=*/0, unit.epsilon);
    const at::Tensor deviation = inverse.detach();
    (*statistics_)[unit.norm_name] = {mean.detach(), 1 / (deviation * deviation) - unit.epsilon};
    return y;
  }
  if (norms_ == Norms::kCalibrate) {
    std::vector<std::int64_t> all_but_channels = places_of(x);
    all_but_channels.push_back(0);
    unit.mean.copy_(x.mean(all_but_channels));
    unit.variance.copy_(x.var(all_but_channels, /*unbiased=*/false));
  }
  return at::batch_norm(x, unit.gamma, unit.beta, unit.mean, unit.variance, /*training=*/false,
                        /*momentum=*/0.1, unit.epsilon, /*cudnn_enabled=*/true);
}

// What follows the product.
at::Tensor AtenOps::finish(const ConvUnit& unit, at::Tensor y, const at::Tensor* addend) const {
  if (unit.gamma.defined()) y = norm(unit, y);
  if (unit.scale != 1) y.mul_(unit.scale);
  if (addend != nullptr) y.add_(*addend);
  switch (unit.activation) {
    case Activation::kNone:
      break;
    case Activation::kRelu:
      y.relu_();
      break;
    case Activation::kClip:
      y.clamp_(-unit.limit, unit.limit);
      break;
  }
  return y;
}

Ops::Value AtenOps::conv(const ConvUnit& unit, const Value& value) {
  return value_of(finish(unit, product(unit, tensor_of(value)), nullptr));
}

Ops::Value AtenOps::add_conv(const ConvUnit& unit, const Value& value, const Value& addend) {
  return value_of(finish(unit, product(unit, tensor_of(value)), &tensor_of(addend)));
}

Ops::Value AtenOps::max_pool(const Value& x) {
  return value_of(at::max_pool2d(tensor_of(x), {3, 3}, {2, 2}));
}

Ops::Value AtenOps::average_pool(const Value& x) {
  return value_of(at::avg_pool2d(tensor_of(x), {2, 2}, {2, 2}));
}

Ops::Value AtenOps::average_around(const Value& x) {
  return value_of(at::avg_pool2d(tensor_of(x), {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false,
                                 /*count_include_pad=*/false));
}

Ops::Value AtenOps::join(const std::vector<Value>& parts) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parts.size());
  for (const Value& part : parts) tensors.push_back(tensor_of(part));
  return value_of(at::cat(tensors, 1));
}

Ops::Value AtenOps::embed(const ConvUnit& last, const Value& map) {
  at::Tensor x = tensor_of(map).to(at::kFloat);
  x = x.mean(places_of(x), /*keepdim=*/true);
  if (probe_) probe_("mean", x);
  x = at::linear(x.flatten(1), last.weight, last.bias);
  if (probe_) probe_(last.name, x);
  x = finish(last, x, nullptr);
  if (probe_) probe_("embedding", x);
  return value_of(x);
}

Ops::Value AtenOps::mean(const Value& map) {
  at::Tensor x = tensor_of(map).to(at::kFloat);
  x = x.mean(places_of(x));
  if (probe_) probe_("embedding", x);
  return value_of(x);
}

void AtenOps::tell(const char* stage, const Value& value) {
  if (probe_) probe_(stage, tensor_of(value));
}

}  // namespace dfd
