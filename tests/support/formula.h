// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tensors made by formula, as tests/data/*.json describe it: reference numbers without weight
// files.

#pragma once

#include <cstdint>
#include <string>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "model/weights.h"

namespace dfd::test {

// Values in [0, 1): number k of a sequence of tensors.
at::Tensor formula(std::uint32_t k, at::IntArrayRef shape);

// All tensors that a reference file names, numbered from first.
TensorMap formula_weights(const nlohmann::json& keys, std::uint32_t first);

nlohmann::json read_reference(const std::string& name);  // A file of tests/data.

}  // namespace dfd::test
