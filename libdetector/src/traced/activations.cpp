// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of the list of operators: activations.

#include <string>

#include "traced/rows.h"

namespace dfd::traced {
namespace {

void add_plain(Rows& rows) {
  rows.add("relu", "self", [](const Tensor& x) { return at::relu(x); });
  rows.add("relu_", "self", [](Tensor x) { return x.relu_(); });
  rows.add("relu6", "self", [](const Tensor& x) { return at::relu6(x); });
  rows.add("relu6_", "self", [](Tensor x) { return at::relu6_(x); });
  rows.add("selu", "self", [](const Tensor& x) { return at::selu(x); });
  rows.add("silu", "self", [](const Tensor& x) { return at::silu(x); });
  rows.add("silu_", "self", [](Tensor x) { return at::silu_(x); });
  rows.add("mish", "self", [](const Tensor& x) { return at::mish(x); });
  rows.add("mish_", "self", [](Tensor x) { return at::mish_(x); });
  rows.add("hardswish", "self", [](const Tensor& x) { return at::hardswish(x); });
  rows.add("hardswish_", "self", [](Tensor x) { return at::hardswish_(x); });
  rows.add("hardsigmoid", "self", [](const Tensor& x) { return at::hardsigmoid(x); });
  rows.add("hardsigmoid_", "self", [](Tensor x) { return at::hardsigmoid_(x); });
  rows.add("sigmoid", "self", [](const Tensor& x) { return at::sigmoid(x); });
  rows.add("sigmoid_", "self", [](Tensor x) { return x.sigmoid_(); });
  rows.add("tanh", "self", [](const Tensor& x) { return at::tanh(x); });
  rows.add("tanh_", "self", [](Tensor x) { return x.tanh_(); });
  rows.add("log_sigmoid", "self", [](const Tensor& x) { return at::log_sigmoid(x); });
}

void add_shaped(Rows& rows) {
  rows.add("gelu", "self approximate=\"none\"",
           [](const Tensor& x, const std::string& how) { return at::gelu(x, how); });
  rows.add("hardtanh", "self min_val=-1 max_val=1",
           [](const Tensor& x, const at::Scalar& least, const at::Scalar& most) {
             return at::hardtanh(x, least, most);
           });
  rows.add("hardtanh_", "self min_val=-1 max_val=1",
           [](Tensor x, const at::Scalar& least, const at::Scalar& most) {
             return at::hardtanh_(x, least, most);
           });
  rows.add("leaky_relu", "self negative_slope=0.01",
           [](const Tensor& x, const at::Scalar& slope) { return at::leaky_relu(x, slope); });
  rows.add("leaky_relu_", "self negative_slope=0.01",
           [](Tensor x, const at::Scalar& slope) { return at::leaky_relu_(x, slope); });
  rows.add("elu", "self alpha=1 scale=1 input_scale=1",
           [](const Tensor& x, const at::Scalar& alpha, const at::Scalar& scale,
              const at::Scalar& of_input) { return at::elu(x, alpha, scale, of_input); });
  rows.add("elu_", "self alpha=1 scale=1 input_scale=1",
           [](Tensor x, const at::Scalar& alpha, const at::Scalar& scale,
              const at::Scalar& of_input) { return at::elu_(x, alpha, scale, of_input); });
  rows.add("prelu", "self weight",
           [](const Tensor& x, const Tensor& slopes) { return at::prelu(x, slopes); });
  rows.add("softplus", "self beta=1 threshold=20",
           [](const Tensor& x, const at::Scalar& beta, const at::Scalar& threshold) {
             return at::softplus(x, beta, threshold);
           });
  rows.add("glu", "self dim=-1",
           [](const Tensor& x, std::int64_t dimension) { return at::glu(x, dimension); });
  rows.add("softmax", "self dim dtype=none",
           [](const Tensor& x, std::int64_t dimension, const Maybe<at::ScalarType>& type) {
             return at::softmax(x, dimension, type);
           });
  rows.add("log_softmax", "self dim dtype=none",
           [](const Tensor& x, std::int64_t dimension, const Maybe<at::ScalarType>& type) {
             return at::log_softmax(x, dimension, type);
           });
}

}  // namespace

void add_activations(Rows& rows) {
  add_plain(rows);
  add_shaped(rows);
}

}  // namespace dfd::traced
