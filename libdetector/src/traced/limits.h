// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a call of an operator may make: looked at before LibTorch is asked for the memory, since a
// graph of some lines can name more of it than any machine has. All throw Error(kCorruptModel),
// and leave to LibTorch what fits nothing else: it has the better words for that.

#pragma once

#include <cstdint>

#include <ATen/ATen.h>

#include "traced/operators.h"

namespace dfd::traced {

// Does a tensor of that shape fit kMostElements? -1 counts as 1.
void require_few(at::IntArrayRef sizes);

// A list of that many tensors, at most kMostParts.
constexpr std::int64_t kMostParts = 4096;
void require_few_parts(std::int64_t parts);

// What comes of two tensors, element by element.
void require_broadcast(const at::Tensor& x, const at::Tensor& y);

// And of a division that gives whole numbers: LibTorch 1.13 divides the lowest integer by -1
// without a look, which ends the process.
void require_quotient(const at::Tensor& x, const at::Tensor& y);
void require_quotient(const at::Tensor& x, const at::Scalar& y);

// What matmul makes of them, with the copies that it makes where batches are broadcast.
void require_product(const at::Tensor& x, const at::Tensor& y);

struct ConvolutionSteps {
  Ints stride, padding, dilation;
  std::int64_t groups = 1;
  Ints beyond;  // Output padding, of a transposed one.
  bool transposed = false;
};
// Also that no step is one that LibTorch 1.13 would divide by: 0, or far beyond a picture's side.
void require_convolution(const at::Tensor& x, const at::Tensor& weight,
                         const ConvolutionSteps& steps);

// x[places]; undefined places stand for all of a dimension.
void require_taken(const at::Tensor& x, const Tensors& places);

// All of them in one.
void require_joined(const Tensors& parts);

// x whose last dimensions are made these.
void require_resized(const at::Tensor& x, at::IntArrayRef last);

}  // namespace dfd::traced
