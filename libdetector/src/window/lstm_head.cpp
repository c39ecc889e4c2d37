// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/lstm_head.h"

#include "base/check.h"

namespace dfd {
namespace {

// Matrix products of a step go through oneDNN: with Debian's OpenBLAS the same product of 20 rows
// takes ten times as long (docs/decisions/0003-staggered-lanes.md).
at::Tensor pack(const at::Tensor& weight, const at::Device& device) {
  return device.is_cpu() ? weight.to_mkldnn() : weight.to(device);
}

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!weight.is_mkldnn()) return at::linear(x, weight, bias);
  return at::mkldnn_linear(x.to_mkldnn(), weight, bias).to_dense();
}

}  // namespace

LstmHead::LstmHead(TensorSource& source, const HeadSizes& sizes, const at::Device& device)
    : sizes_(sizes), device_(device) {
  const std::int64_t gates = 4 * sizes.hidden;
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const std::string end = "_l" + std::to_string(i);
    const std::int64_t inputs = i == 0 ? sizes.embedding : sizes.hidden;
    LstmLayer layer;
    layer.input_weight = pack(source.take("lstm.weight_ih" + end, {gates, inputs}), device);
    layer.recurrent_weight =
        pack(source.take("lstm.weight_hh" + end, {gates, sizes.hidden}), device);
    layer.bias =
        (source.take("lstm.bias_ih" + end, {gates}) + source.take("lstm.bias_hh" + end, {gates}))
            .to(device);
    layers_.push_back(layer);
  }
  classifier_weight_ = source.take("classifier.0.weight", {sizes.classifier, sizes.hidden});
  classifier_bias_ = source.take("classifier.0.bias", {sizes.classifier});
  output_weight_ = source.take("classifier.3.weight", {1, sizes.classifier});
  output_bias_ = source.take("classifier.3.bias", {1});
  for (at::Tensor* tensor :
       {&classifier_weight_, &classifier_bias_, &output_weight_, &output_bias_}) {
    *tensor = tensor->to(device);
  }
}

void LstmHead::step(const at::Tensor& embeddings, at::Tensor& hidden, at::Tensor& cell) const {
  DFD_CHECK(embeddings.dim() == 2 && hidden.dim() == 3 && hidden.size(1) == embeddings.size(0));
  at::Tensor x = embeddings;
  std::vector<at::Tensor> next_hidden;
  std::vector<at::Tensor> next_cell;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LstmLayer& layer = layers_[i];
    const auto index = static_cast<std::int64_t>(i);
    const at::Tensor gates = product(x, layer.input_weight, layer.bias) +
                             product(hidden[index].contiguous(), layer.recurrent_weight, {});
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

at::Tensor LstmHead::classify(const at::Tensor& hidden) const {
  const at::Tensor x = at::linear(hidden, classifier_weight_, classifier_bias_).relu_();
  return at::linear(x, output_weight_, output_bias_).squeeze(1);
}

}  // namespace dfd
