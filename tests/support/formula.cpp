// SPDX-License-Identifier: LGPL-2.1-or-later

#include "support/formula.h"

#include <cmath>
#include <fstream>
#include <vector>

namespace dfd::test {

at::Tensor formula(std::uint32_t k, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  auto* out = tensor.data_ptr<double>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761U + k * 40503U + 12345U;
    x ^= x >> 15;
    x *= 2246822519U;
    x ^= x >> 13;
    out[i] = x / 4294967296.0;
  }
  return tensor;
}

TensorMap formula_weights(const nlohmann::json& keys, std::uint32_t first) {
  TensorMap tensors;
  for (const auto& entry : keys) {
    const auto name = entry[0].get<std::string>();
    const auto shape = entry[1].get<std::vector<std::int64_t>>();
    const at::Tensor r = formula(first++, shape);
    const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
    at::Tensor value;
    if (has("running_var")) {
      value = r + 0.5;
    } else if (has("running_mean") || has("bias") || has("cls_token") ||
               has("position_embeddings")) {
      value = 0.2 * (r - 0.5);
    } else if (has("prelu")) {
      value = 0.3 * r;
    } else if (shape.size() == 1) {
      value = 0.8 + 0.4 * r;
    } else {
      double fan_in = 1;
      for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
      value = (2 * r - 1) * std::sqrt(3 / fan_in) * std::sqrt(2.0);
    }
    tensors[name] = value.to(at::kFloat);
  }
  return tensors;
}

nlohmann::json read_reference(const std::string& name) {
  std::ifstream in(std::string(DFD_TEST_DATA) + "/" + name);
  return nlohmann::json::parse(in);
}

}  // namespace dfd::test
