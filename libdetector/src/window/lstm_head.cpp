// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/lstm_head.h"

#include "base/check.h"

namespace dfd {

LstmHead::LstmHead(TensorSource& source, const HeadSizes& sizes, const at::Device& device,
                   at::ScalarType type)
    : sizes_(sizes), device_(device), type_(type) {
  const std::int64_t gates = 4 * sizes.hidden;
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const std::string end = "_l" + std::to_string(i);
    const std::int64_t inputs = i == 0 ? sizes.embedding : sizes.hidden;
    const at::Tensor input = source.take("lstm.weight_ih" + end, {gates, inputs});
    const at::Tensor recurrent = source.take("lstm.weight_hh" + end, {gates, sizes.hidden});
    LstmLayer layer;
    if (i == 0) layer.input_weight = pack(input);
    layer.recurrent_weight = pack(i == 0 ? recurrent : at::cat({input, recurrent}, 1));
    layer.bias =
        (source.take("lstm.bias_ih" + end, {gates}) + source.take("lstm.bias_hh" + end, {gates}))
            .to(device);
    layers_.push_back(layer);
  }
  classifier_weight_ = pack(source.take("classifier.0.weight", {sizes.classifier, sizes.hidden}));
  classifier_bias_ = source.take("classifier.0.bias", {sizes.classifier}).to(device);
  output_weight_ = pack(source.take("classifier.3.weight", {1, sizes.classifier}));
  output_bias_ = source.take("classifier.3.bias", {1}).to(device);
}

// Products on the CPU go through oneDNN: with Debian's OpenBLAS one of 20 rows takes ten times as
// long (docs/decisions/0003-staggered-lanes.md).
at::Tensor LstmHead::pack(const at::Tensor& weight) const {
  return device_.is_cpu() && type_ == at::kFloat ? weight.to_mkldnn() : weight.to(device_, type_);
}

at::Tensor LstmHead::product(const at::Tensor& x, const at::Tensor& weight) const {
  if (!weight.is_mkldnn()) return at::linear(x.to(type_), weight).to(at::kFloat);
  return at::mkldnn_linear(x.contiguous().to_mkldnn(), weight, {}).to_dense();
}

void LstmHead::step(const at::Tensor& embeddings, at::Tensor& hidden, at::Tensor& cell,
                    const at::Tensor& owner) const {
  DFD_CHECK(embeddings.dim() == 2 && hidden.dim() == 3 &&
            hidden.size(1) == (owner.defined() ? owner : embeddings).size(0));
  at::Tensor x;
  std::vector<at::Tensor> next_hidden;
  std::vector<at::Tensor> next_cell;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LstmLayer& layer = layers_[i];
    const auto index = static_cast<std::int64_t>(i);
    at::Tensor gates;
    if (i == 0) {
      const at::Tensor input = product(embeddings, layer.input_weight);
      gates = product(hidden[index], layer.recurrent_weight)
                  .add_(owner.defined() ? input.index_select(0, owner) : input);
    } else {
      gates = product(at::cat({x, hidden[index]}, 1), layer.recurrent_weight);
    }
    gates.add_(layer.bias);
    const std::vector<at::Tensor> part = gates.chunk(4, 1);  // input, forget, cell, output
    const at::Tensor c =
        at::sigmoid(part[1]) * cell[index] + at::sigmoid(part[0]) * at::tanh(part[2]);
    x = at::sigmoid(part[3]) * at::tanh(c);
    next_hidden.push_back(x);
    next_cell.push_back(c);
  }
  hidden = at::stack(next_hidden);
  cell = at::stack(next_cell);
}

LstmHead LstmHead::differentiable() const {
  LstmHead head(*this);
  head.type_ = at::kFloat;
  const auto unpack = [](at::Tensor& weight) {
    if (!weight.defined()) return;
    weight = weight.is_mkldnn() ? weight.to_dense()
                                : weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  };
  for (LstmLayer& layer : head.layers_) {
    unpack(layer.input_weight);
    unpack(layer.recurrent_weight);
  }
  unpack(head.classifier_weight_);
  unpack(head.output_weight_);
  return head;
}

at::Tensor LstmHead::classify(const at::Tensor& hidden) const {
  const at::Tensor x = product(hidden, classifier_weight_).add_(classifier_bias_).relu_();
  return product(x, output_weight_).add_(output_bias_).squeeze(1);
}

}  // namespace dfd
