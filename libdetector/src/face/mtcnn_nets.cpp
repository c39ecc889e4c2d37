// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/mtcnn_nets.h"

#include <string>

namespace dfd {
namespace {

at::Tensor max_pool(const at::Tensor& x, std::int64_t size) {
  return at::max_pool2d(x, {size, size}, {2, 2}, {0, 0}, {1, 1}, /*ceil_mode=*/true);
}

// The weights come from Caffe, which keeps pictures column by column.
at::Tensor by_columns(const at::Tensor& x) { return x.permute({0, 3, 2, 1}).flatten(1); }

MtcnnLayer take_layer(TensorSource& source, const std::string& net, const std::string& number,
                      const std::string& kind, at::IntArrayRef shape, bool activated) {
  MtcnnLayer layer;
  layer.weight = source.take(net + kind + number + ".weight", shape);
  layer.bias = source.take(net + kind + number + ".bias", {shape[0]});
  if (activated) layer.slope = source.take(net + ".prelu" + number + ".weight", {shape[0]});
  return layer;
}

MtcnnLayer convolution(TensorSource& source, const std::string& net, const std::string& number,
                       at::IntArrayRef shape, bool activated = true) {
  return take_layer(source, net, number, ".conv", shape, activated);
}

MtcnnLayer dense(TensorSource& source, const std::string& net, const std::string& number,
                 at::IntArrayRef shape, bool activated = true) {
  return take_layer(source, net, number, ".dense", shape, activated);
}

// Floats in a register of AVX-512: with channels in other numbers pooling and activations are slow.
constexpr std::int64_t kVector = 16;

// The same layer with outputs that are always zero, and one with inputs that change nothing.
MtcnnLayer with_outputs(const MtcnnLayer& layer, std::int64_t outputs) {
  const std::int64_t more = outputs - layer.weight.size(0);
  return {at::constant_pad_nd(layer.weight, {0, 0, 0, 0, 0, 0, 0, more}),
          at::constant_pad_nd(layer.bias, {0, more}), at::constant_pad_nd(layer.slope, {0, more})};
}

MtcnnLayer with_inputs(const MtcnnLayer& layer, std::int64_t inputs) {
  MtcnnLayer wider = layer;
  wider.weight = at::constant_pad_nd(layer.weight, {0, 0, 0, 0, 0, inputs - layer.weight.size(1)});
  return wider;
}

// Two layers with the same input as one, outputs one after the other.
MtcnnLayer joined(const MtcnnLayer& a, const MtcnnLayer& b) {
  return {at::cat({a.weight, b.weight}), at::cat({a.bias, b.bias}), {}};
}

// The last layer's numbers, [N, 6 or 16, ...]: no face, face, four corrections, landmarks.
MtcnnNets::Output output_of(const at::Tensor& x) {
  MtcnnNets::Output output;
  // The softmax of two numbers.
  output.probability = at::sigmoid(x.select(1, 1) - x.select(1, 0));
  output.correction = x.narrow(1, 2, 4);
  if (x.size(1) > 6) output.landmarks = x.narrow(1, 6, 10);
  return output;
}

at::Tensor convolve(const at::Tensor& x, const MtcnnLayer& layer) {
  const at::Tensor y = at::conv2d(x, layer.weight, layer.bias);
  return layer.slope.defined() ? at::prelu(y, layer.slope) : y;
}

at::Tensor multiply(const at::Tensor& x, const MtcnnLayer& layer) {
  const at::Tensor y = at::linear(x, layer.weight, layer.bias);
  return layer.slope.defined() ? at::prelu(y, layer.slope) : y;
}

}  // namespace

MtcnnNets::MtcnnNets(TensorSource& source) {
  pnet_ = {convolution(source, "pnet", "1", {10, 3, 3, 3}),
           convolution(source, "pnet", "2", {16, 10, 3, 3}),
           convolution(source, "pnet", "3", {32, 16, 3, 3}),
           joined(convolution(source, "pnet", "4_1", {2, 32, 1, 1}, false),
                  convolution(source, "pnet", "4_2", {4, 32, 1, 1}, false))};
  rnet_ = {convolution(source, "rnet", "1", {28, 3, 3, 3}),
           convolution(source, "rnet", "2", {48, 28, 3, 3}),
           convolution(source, "rnet", "3", {64, 48, 2, 2}), dense(source, "rnet", "4", {128, 576}),
           joined(dense(source, "rnet", "5_1", {2, 128}, false),
                  dense(source, "rnet", "5_2", {4, 128}, false))};
  onet_ = {convolution(source, "onet", "1", {32, 3, 3, 3}),
           convolution(source, "onet", "2", {64, 32, 3, 3}),
           convolution(source, "onet", "3", {64, 64, 3, 3}),
           convolution(source, "onet", "4", {128, 64, 2, 2}),
           dense(source, "onet", "5", {256, 1152}),
           joined(joined(dense(source, "onet", "6_1", {2, 256}, false),
                         dense(source, "onet", "6_2", {4, 256}, false)),
                  dense(source, "onet", "6_3", {10, 256}, false))};
}

void MtcnnNets::fill_vectors() {
  pnet_[0] = with_outputs(pnet_[0], kVector);
  pnet_[1] = with_inputs(pnet_[1], kVector);
}

MtcnnNets::Output MtcnnNets::propose(const at::Tensor& input) const {
  const at::Tensor x = max_pool(convolve(input, pnet_[0]), 2);
  return output_of(convolve(convolve(convolve(x, pnet_[1]), pnet_[2]), pnet_[3]));
}

MtcnnNets::Output MtcnnNets::refine(const at::Tensor& input) const {
  at::Tensor x = max_pool(convolve(input, rnet_[0]), 3);
  x = max_pool(convolve(x, rnet_[1]), 3);
  return output_of(multiply(multiply(by_columns(convolve(x, rnet_[2])), rnet_[3]), rnet_[4]));
}

MtcnnNets::Output MtcnnNets::finalize(const at::Tensor& input) const {
  at::Tensor x = max_pool(convolve(input, onet_[0]), 3);
  x = max_pool(convolve(x, onet_[1]), 3);
  x = max_pool(convolve(x, onet_[2]), 2);
  return output_of(multiply(multiply(by_columns(convolve(x, onet_[3])), onet_[4]), onet_[5]));
}

}  // namespace dfd
