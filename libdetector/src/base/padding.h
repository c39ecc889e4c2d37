// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch and oneDNN keep memory for every shape they have met, so batches are padded to few
// sizes.

#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace dfd {

// The next of 1, 2, 4, 8, ... that is >= size.
inline std::int64_t padded_size(std::int64_t size) {
  std::int64_t padded = 1;
  while (padded < size) padded *= 2;
  return padded;
}

// Appends zeros along the dimension until it has that size.
inline at::Tensor pad_dimension(const at::Tensor& tensor, std::int64_t dimension,
                                std::int64_t size) {
  const std::int64_t missing = size - tensor.size(dimension);
  if (missing <= 0) return tensor;
  auto shape = tensor.sizes().vec();
  shape[static_cast<std::size_t>(dimension)] = missing;
  return at::cat({tensor, at::zeros(shape, tensor.options())}, dimension);
}

}  // namespace dfd
