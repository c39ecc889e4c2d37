// SPDX-License-Identifier: LGPL-2.1-or-later

#include "traced/limits.h"

#include <algorithm>
#include <limits>

#include <ATen/ExpandUtils.h>

#include "base/check.h"

namespace dfd::traced {
namespace {

// Do they fit each other? If not LibTorch says so.
bool broadcasts(at::IntArrayRef a, at::IntArrayRef b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 1; i <= common; ++i) {
    const std::int64_t one = a[a.size() - i];
    const std::int64_t other = b[b.size() - i];
    if (one != other && one != 1 && other != 1) return false;
  }
  return true;
}

// The one of this dimension, of a list of one for all or of one for each.
std::int64_t step_of(const Ints& steps, std::size_t dimension, std::int64_t otherwise) {
  if (steps.empty()) return otherwise;
  return steps[std::min(dimension, steps.size() - 1)];
}

void require_steps(const Ints& steps, std::int64_t least) {
  constexpr std::int64_t kMost = std::int64_t{1} << 20;  // Beyond any picture's side.
  for (const std::int64_t step : steps) {
    DFD_INTACT(step >= least && step <= kMost,
               "a convolution with a stride, padding, dilation or groups of " << step);
  }
}

at::Tensor as_whole(const at::Tensor& x, at::ScalarType type) { return x.to(type); }
at::Tensor as_whole(const at::Scalar& x, at::ScalarType type) { return at::scalar_tensor(x, type); }

template <typename Other>
void require_no_overflow(const at::Tensor& x, const Other& y) {
  const at::ScalarType type = at::result_type(x, y);
  // Shorter ones are divided as ints, and the processor alone minds.
  if (!x.is_cpu() || (type != at::kInt && type != at::kLong)) return;
  const std::int64_t lowest = type == at::kInt ? std::numeric_limits<std::int32_t>::min()
                                               : std::numeric_limits<std::int64_t>::min();
  const at::Tensor beyond = as_whole(x, type).eq(lowest).logical_and(as_whole(y, type).eq(-1));
  DFD_INTACT(!beyond.any().item<bool>(), "the lowest whole number divided by -1");
}

}  // namespace

void require_few(at::IntArrayRef sizes) {
  std::int64_t elements = 1;
  for (const std::int64_t size : sizes) {
    if (size <= 0) continue;
    DFD_INTACT(size <= kMostElements / elements,
               "a tensor of " << sizes << " elements, at most " << kMostElements << " are allowed");
    elements *= size;
  }
}

void require_few_parts(std::int64_t parts) {
  DFD_INTACT(parts <= kMostParts,
             "a list of " << parts << " tensors, at most " << kMostParts << " are allowed");
}

void require_broadcast(const at::Tensor& x, const at::Tensor& y) {
  if (broadcasts(x.sizes(), y.sizes())) require_few(at::infer_size(x.sizes(), y.sizes()));
}

void require_quotient(const at::Tensor& x, const at::Tensor& y) {
  if (!broadcasts(x.sizes(), y.sizes())) return;
  require_few(at::infer_size(x.sizes(), y.sizes()));
  require_no_overflow(x, y);
}

void require_quotient(const at::Tensor& x, const at::Scalar& y) { require_no_overflow(x, y); }

void require_product(const at::Tensor& x, const at::Tensor& y) {
  if (x.dim() == 0 || y.dim() == 0) return;
  const std::int64_t rows = x.dim() > 1 ? x.size(-2) : 1;
  const std::int64_t columns = y.dim() > 1 ? y.size(-1) : 1;
  const std::int64_t inner = x.size(-1);
  const auto batch_of = [](const at::Tensor& z) {
    return z.sizes().slice(0, static_cast<std::size_t>(std::max<std::int64_t>(z.dim() - 2, 0)));
  };
  if (!broadcasts(batch_of(x), batch_of(y))) return;
  auto sizes = at::infer_size(batch_of(x), batch_of(y));
  sizes.push_back(rows);
  sizes.push_back(columns);
  require_few(sizes);
  for (const std::int64_t side : {rows, columns}) {
    sizes[sizes.size() - 2] = side;
    sizes.back() = inner;
    require_few(sizes);
  }
}

void require_convolution(const at::Tensor& x, const at::Tensor& weight,
                         const ConvolutionSteps& steps) {
  require_steps(steps.stride, 1);
  require_steps(steps.dilation, 1);
  require_steps({steps.groups}, 1);
  require_steps(steps.padding, 0);
  require_steps(steps.beyond, 0);
  const std::int64_t spatial = weight.dim() - 2;
  if (spatial < 1 || x.dim() < spatial + 1) return;
  Ints sizes{x.dim() > spatial + 1 ? x.size(0) : 1,
             steps.transposed ? weight.size(1) * steps.groups : weight.size(0)};
  for (std::int64_t i = 0; i < spatial; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const std::int64_t stride = step_of(steps.stride, place, 1);
    const std::int64_t edges = 2 * step_of(steps.padding, place, 0);
    const std::int64_t reach = step_of(steps.dilation, place, 1) * (weight.size(i + 2) - 1);
    const std::int64_t side = x.size(x.dim() - spatial + i);
    sizes.push_back(steps.transposed
                        ? (side - 1) * stride - edges + reach + step_of(steps.beyond, place, 0) + 1
                        : (side + edges - reach - 1) / stride + 1);
  }
  require_few(sizes);
}

void require_taken(const at::Tensor& x, const Tensors& places) {
  Ints sizes;
  at::DimVector taken;  // All whole numbers are taken together.
  std::int64_t dimension = 0;
  for (const at::Tensor& place : places) {
    if (place.defined() && place.scalar_type() == at::kBool) {
      sizes.push_back(place.numel());  // At most.
      dimension += place.dim();
      continue;
    }
    if (place.defined()) {
      if (!broadcasts(taken, place.sizes())) return;
      taken = at::infer_size_dimvector(taken, place.sizes());
    } else if (dimension < x.dim()) {
      sizes.push_back(x.size(dimension));
    }
    ++dimension;
  }
  for (; dimension < x.dim(); ++dimension) sizes.push_back(x.size(dimension));
  sizes.insert(sizes.end(), taken.begin(), taken.end());
  require_few(sizes);
}

void require_joined(const Tensors& parts) {
  std::int64_t elements = 0;
  for (const at::Tensor& part : parts) elements += part.numel();
  require_few({elements});
}

void require_resized(const at::Tensor& x, at::IntArrayRef last) {
  if (last.size() > x.sizes().size()) return;
  Ints sizes = x.sizes().vec();
  std::copy(last.begin(), last.end(), sizes.end() - static_cast<std::ptrdiff_t>(last.size()));
  require_few(sizes);
}

}  // namespace dfd::traced
