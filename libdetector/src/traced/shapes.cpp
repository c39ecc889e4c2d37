// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of the list of operators: what moves elements about, takes parts, joins, or makes tensors.

#include <string>
#include <utility>

#include "base/check.h"
#include "traced/limits.h"
#include "traced/rows.h"

namespace dfd::traced {
namespace {

// The element at place, which counts from the end where it is below 0.
template <typename Items>
auto item_of(const Items& items, std::int64_t place) {
  const auto count = static_cast<std::int64_t>(items.size());
  DFD_INTACT(place >= -count && place < count, "item " << place << " of a list of " << count);
  return items[static_cast<std::size_t>(place < 0 ? place + count : place)];
}

Tensor expanded(const Tensor& x, const Ints& sizes, bool /*implicit*/) {
  require_few(sizes);
  return x.expand(sizes);
}

void add_sizes(Rows& rows) {
  rows.add("size", "self", [](const Tensor& x) { return x.sizes().vec(); });
  rows.add("size", "self dim",
           [](const Tensor& x, std::int64_t dimension) { return x.size(dimension); });
  rows.add("dim", "self", [](const Tensor& x) { return x.dim(); });
  rows.add("numel", "self", [](const Tensor& x) { return x.numel(); });
  rows.add("len", "a", [](const Ints& a) { return static_cast<std::int64_t>(a.size()); });
  rows.add("len", "a", [](const Places& a) { return static_cast<std::int64_t>(a.list.size()); });
  // Ours: PyTorch writes a[i].
  rows.add("item", "list index", [](const Ints& a, std::int64_t i) { return item_of(a, i); });
  rows.add_shared("item", "list index",
                  [](const Places& a, std::int64_t i) { return item_of(a.list, i); });
  rows.add("slice", "l start=none end=none step=1",
           [](const Ints& a, const Maybe<std::int64_t>& start, const Maybe<std::int64_t>& end,
              std::int64_t step) {
             const auto count = static_cast<std::int64_t>(a.size());
             const auto clip = [&](std::int64_t place) {
               return std::clamp<std::int64_t>(place < 0 ? place + count : place, 0, count);
             };
             DFD_INTACT(step == 1, "a slice of a list in steps of " << step);
             const std::int64_t first = clip(start.value_or(0));
             const std::int64_t last = std::max(first, clip(end.value_or(count)));
             return Ints(a.begin() + first, a.begin() + last);
           });
}

void add_views(Rows& rows) {
  rows.add_shared("view", "self size",
                  [](const Tensor& x, const Ints& sizes) { return x.view(sizes); });
  rows.add_shared("reshape", "self shape",
                  [](const Tensor& x, const Ints& sizes) { return x.reshape(sizes); });
  rows.add_shared("flatten", "self start_dim=0 end_dim=-1",
                  [](const Tensor& x, std::int64_t first, std::int64_t last) {
                    return x.flatten(first, last);
                  });
  rows.add_shared("unflatten", "self dim sizes",
                  [](const Tensor& x, std::int64_t dimension, const Ints& sizes) {
                    return x.unflatten(dimension, at::IntArrayRef(sizes));
                  });
  rows.add_shared("permute", "self dims",
                  [](const Tensor& x, const Ints& order) { return x.permute(order); });
  for (const char* name : {"transpose", "swapaxes", "swapdims"}) {
    rows.add_shared(name, "self dim0 dim1",
                    [](const Tensor& x, std::int64_t one, std::int64_t other) {
                      return x.transpose(one, other);
                    });
  }
  rows.add_shared("t", "self", [](const Tensor& x) { return x.t(); });
  rows.add_shared(
      "movedim", "self source destination",
      [](const Tensor& x, const Ints& from, const Ints& to) { return x.movedim(from, to); });
  rows.add_shared("squeeze", "self", [](const Tensor& x) { return x.squeeze(); });
  rows.add_shared("squeeze", "self dim",
                  [](const Tensor& x, std::int64_t dimension) { return x.squeeze(dimension); });
  rows.add_shared("unsqueeze", "self dim",
                  [](const Tensor& x, std::int64_t dimension) { return x.unsqueeze(dimension); });
  rows.add_shared("expand", "self size implicit=false", expanded);
  rows.add_shared("expand_as", "self other",
                  [](const Tensor& x, const Tensor& other) { return x.expand_as(other); });
  rows.add_shared("slice", "self dim=0 start=none end=none step=1",
                  [](const Tensor& x, std::int64_t dimension, const Maybe<std::int64_t>& start,
                     const Maybe<std::int64_t>& end,
                     std::int64_t step) { return x.slice(dimension, start, end, step); });
  rows.add_shared("select", "self dim index",
                  [](const Tensor& x, std::int64_t dimension, std::int64_t place) {
                    return x.select(dimension, place);
                  });
  rows.add_shared("narrow", "self dim start length",
                  [](const Tensor& x, std::int64_t dimension, std::int64_t start,
                     std::int64_t length) { return x.narrow(dimension, start, length); });
  rows.add_shared("unfold", "self dimension size step",
                  [](const Tensor& x, std::int64_t dimension, std::int64_t size,
                     std::int64_t step) { return x.unfold(dimension, size, step); });
  rows.add_shared("alias", "self", [](const Tensor& x) { return x; });
  rows.add_shared("detach", "self", [](const Tensor& x) { return x.detach(); });
  rows.add_shared("contiguous", "self memory_format=none",
                  [](const Tensor& x, Nothing) { return x.contiguous(); });
}

// LibTorch 1.13 divides by its square, which may be 0 in 64 bits.
void require_factor(std::int64_t factor) {
  constexpr std::int64_t kMost = 4096;  // The largest side of an input.
  DFD_INTACT(factor > 0 && factor <= kMost, "pixels shuffled by " << factor);
}

void add_parts(Rows& rows) {
  rows.add_shared("chunk", "self chunks dim=0",
                  [](const Tensor& x, std::int64_t parts, std::int64_t dimension) {
                    require_few_parts(parts);
                    return x.chunk(parts, dimension);
                  });
  rows.add_shared("split", "self split_size dim=0",
                  [](const Tensor& x, std::int64_t size, std::int64_t dimension) {
                    if (size > 0) require_few_parts(x.size(dimension) / size);
                    return x.split(size, dimension);
                  });
  for (const char* name : {"split", "split_with_sizes"}) {
    rows.add_shared(name, "self split_sizes dim=0",
                    [](const Tensor& x, const Ints& sizes, std::int64_t dimension) {
                      return x.split_with_sizes(sizes, dimension);
                    });
  }
  rows.add_shared("unbind", "self dim=0", [](const Tensor& x, std::int64_t dimension) {
    require_few_parts(x.size(dimension));
    return x.unbind(dimension);
  });
  rows.add("index", "self indices", [](const Tensor& x, const Places& places) {
    require_taken(x, places.list);
    c10::List<Maybe<Tensor>> list;
    for (const Tensor& place : places.list) {
      list.push_back(place.defined() ? Maybe<Tensor>(place) : c10::nullopt);
    }
    return at::index(x, list);
  });
  rows.add("index_select", "self dim index",
           [](const Tensor& x, std::int64_t dimension, const Tensor& places) {
             const std::int64_t side = x.dim() == 0 ? 1 : x.size(dimension);
             if (side > 0) require_few({places.numel(), x.numel() / side});
             return x.index_select(dimension, places);
           });
  for (const char* name : {"cat", "concat", "concatenate"}) {
    rows.add(name, "tensors dim=0", [](const Tensors& parts, std::int64_t dimension) {
      require_joined(parts);
      return at::cat(parts, dimension);
    });
  }
  rows.add("stack", "tensors dim=0", [](const Tensors& parts, std::int64_t dimension) {
    require_joined(parts);
    return at::stack(parts, dimension);
  });
  rows.add("repeat", "self repeats", [](const Tensor& x, const Ints& times) {
    Ints sizes = times;
    sizes.push_back(x.numel());
    require_few(sizes);
    return x.repeat(times);
  });
  rows.add("roll", "self shifts dims=[]",
           [](const Tensor& x, const Ints& shifts, const Ints& dimensions) {
             return at::roll(x, shifts, dimensions);
           });
  rows.add("flip", "self dims",
           [](const Tensor& x, const Ints& dimensions) { return x.flip(dimensions); });
  // By a factor of 1 they are views.
  rows.add_shared("pixel_shuffle", "self upscale_factor", [](const Tensor& x, std::int64_t factor) {
    require_factor(factor);
    return at::pixel_shuffle(x, factor);
  });
  rows.add_shared("pixel_unshuffle", "self downscale_factor",
                  [](const Tensor& x, std::int64_t factor) {
                    require_factor(factor);
                    return at::pixel_unshuffle(x, factor);
                  });
  rows.add_shared("channel_shuffle", "self groups", [](const Tensor& x, std::int64_t groups) {
    return at::channel_shuffle(x, groups);
  });
}

// A margin of kMostElements in one dimension is refused as a tensor of that size is.
Tensor padded(const Tensor& x, const Ints& margins, const std::string& how,
              const Maybe<double>& value) {
  Ints sizes = x.sizes().vec();
  for (std::size_t i = 0; i / 2 < sizes.size() && i < margins.size(); ++i) {
    DFD_INTACT(margins[i] > -kMostElements && margins[i] < kMostElements,
               "a margin of " << margins[i]);
    sizes[sizes.size() - 1 - i / 2] += margins[i];
  }
  require_few(sizes);
  return at::pad(x, margins, how, value);
}

void add_resized(Rows& rows) {
  rows.add("pad", "self pad mode=\"constant\" value=none", padded);
  rows.add("constant_pad_nd", "self pad value=0",
           [](const Tensor& x, const Ints& margins, const at::Scalar& value) {
             return padded(x, margins, "constant", value.toDouble());
           });
  for (const char* mode : {"reflect", "replicate"}) {
    for (const char* sides : {"1d", "2d", "3d"}) {
      const std::string kind = mode == std::string("reflect") ? "reflection" : "replication";
      rows.add(kind + "_pad" + sides, "self padding",
               [how = std::string(mode)](const Tensor& x, const Ints& margins) {
                 return padded(x, margins, how, c10::nullopt);
               });
    }
  }
  const auto resize = [](const auto& function) {
    return [function](const Tensor& x, const Maybe<Ints>& sizes, bool corners,
                      const Maybe<Floats>& scales) {
      at::OptionalIntArrayRef wanted;
      if (sizes) {
        require_resized(x, *sizes);
        wanted = at::IntArrayRef(*sizes);
      }
      Maybe<at::ArrayRef<double>> factors;
      if (scales) {
        for (const double scale : *scales) {
          DFD_INTACT(scale > 0 && scale <= 64, "a picture made " << scale << " times as large");
        }
        factors = at::ArrayRef<double>(*scales);
      }
      return function(x, wanted, corners, factors);
    };
  };
  const std::string how = "input output_size align_corners scale_factors=none";
  rows.add("upsample_bilinear2d", how,
           resize([](const auto&... given) { return at::upsample_bilinear2d(given...); }));
  rows.add("upsample_bicubic2d", how,
           resize([](const auto&... given) { return at::upsample_bicubic2d(given...); }));
  rows.add("upsample_nearest2d", "input output_size scale_factors=none",
           [resize](const Tensor& x, const Maybe<Ints>& sizes, const Maybe<Floats>& scales) {
             return resize([](const Tensor& y, const at::OptionalIntArrayRef& wanted, bool,
                              const Maybe<at::ArrayRef<double>>& factors) {
               return at::upsample_nearest2d(y, wanted, factors);
             })(x, sizes, false, scales);
           });
}

Tensor filled(const Tensor& like, const Ints& sizes, const at::Scalar& value,
              const Maybe<at::ScalarType>& type) {
  require_few(sizes);
  return at::full(sizes, value, like.options().dtype(type.value_or(like.scalar_type())));
}

void add_made(Rows& rows) {
  rows.add("new_zeros", "self size dtype=none layout=none device=none pin_memory=none",
           [](const Tensor& x, const Ints& sizes, const Maybe<at::ScalarType>& type, Nothing,
              Nothing, Nothing) { return filled(x, sizes, 0, type); });
  rows.add("new_ones", "self size dtype=none layout=none device=none pin_memory=none",
           [](const Tensor& x, const Ints& sizes, const Maybe<at::ScalarType>& type, Nothing,
              Nothing, Nothing) { return filled(x, sizes, 1, type); });
  rows.add("new_full", "self size fill_value dtype=none layout=none device=none pin_memory=none",
           [](const Tensor& x, const Ints& sizes, const at::Scalar& value,
              const Maybe<at::ScalarType>& type, Nothing, Nothing,
              Nothing) { return filled(x, sizes, value, type); });
  for (const int value : {0, 1}) {
    const std::string name = value == 0 ? "zeros" : "ones";
    rows.add(name, "size dtype=none layout=none device=none pin_memory=none",
             [value](at::Device device, const Ints& sizes, const Maybe<at::ScalarType>& type,
                     Nothing, Nothing, Nothing) {
               require_few(sizes);
               return at::full(sizes, value, at::device(device).dtype(type.value_or(at::kFloat)));
             });
    rows.add(name + "_like",
             "self dtype=none layout=none device=none pin_memory=none memory_format=none",
             [value](const Tensor& x, const Maybe<at::ScalarType>& type, Nothing, Nothing, Nothing,
                     Nothing) { return filled(x, x.sizes().vec(), value, type); });
  }
  rows.add("full", "size fill_value dtype=none layout=none device=none pin_memory=none",
           [](at::Device device, const Ints& sizes, const at::Scalar& value,
              const Maybe<at::ScalarType>& type, Nothing, Nothing, Nothing) {
             require_few(sizes);
             const at::ScalarType own = value.isFloatingPoint() ? at::kFloat : value.type();
             return at::full(sizes, value, at::device(device).dtype(type.value_or(own)));
           });
  const auto count_up = [](at::Device device, std::int64_t first, std::int64_t end,
                           std::int64_t step, const Maybe<at::ScalarType>& type) {
    DFD_INTACT(step != 0 && first > -kMostElements && first < kMostElements &&
                   end > -kMostElements && end < kMostElements,
               "numbers from " << first << " to " << end);
    return at::arange(first, end, step, at::device(device).dtype(type.value_or(at::kLong)));
  };
  rows.add("arange", "end dtype=none layout=none device=none pin_memory=none",
           [count_up](at::Device device, std::int64_t end, const Maybe<at::ScalarType>& type,
                      Nothing, Nothing, Nothing) { return count_up(device, 0, end, 1, type); });
  rows.add("arange", "start end dtype=none layout=none device=none pin_memory=none",
           [count_up](at::Device device, std::int64_t first, std::int64_t end,
                      const Maybe<at::ScalarType>& type, Nothing, Nothing,
                      Nothing) { return count_up(device, first, end, 1, type); });
  rows.add("arange", "start end step dtype=none layout=none device=none pin_memory=none",
           [count_up](at::Device device, std::int64_t first, std::int64_t end, std::int64_t step,
                      const Maybe<at::ScalarType>& type, Nothing, Nothing,
                      Nothing) { return count_up(device, first, end, step, type); });
}

// Another device than the network's is never meant: what is traced on one is served on any.
Tensor converted(const Tensor& x, at::ScalarType type, bool copied) {
  return x.to(type, /*non_blocking=*/false, copied);
}

void add_conversions(Rows& rows) {
  rows.add_shared("to", "self dtype non_blocking=false copy=false memory_format=none",
                  [](const Tensor& x, at::ScalarType type, bool, bool copied, Nothing) {
                    return converted(x, type, copied);
                  });
  rows.add_shared("to", "self device dtype non_blocking=false copy=false memory_format=none",
                  [](const Tensor& x, Nothing, at::ScalarType type, bool, bool copied, Nothing) {
                    return converted(x, type, copied);
                  });
  rows.add_shared(
      "to",
      "self dtype=none layout=none device=none pin_memory=none non_blocking=false "
      "copy=false memory_format=none",
      [](const Tensor& x, const Maybe<at::ScalarType>& type, Nothing, Nothing, Nothing, bool,
         bool copied, Nothing) { return converted(x, type.value_or(x.scalar_type()), copied); });
  rows.add_shared("type_as", "self other",
                  [](const Tensor& x, const Tensor& other) { return x.to(other.scalar_type()); });
  rows.add_shared("float", "self", [](const Tensor& x) { return x.to(at::kFloat); });
  rows.add("clone", "self memory_format=none", [](const Tensor& x, Nothing) { return x.clone(); });
}

}  // namespace

void add_shapes(Rows& rows) {
  add_sizes(rows);
  add_views(rows);
  add_parts(rows);
  add_resized(rows);
  add_made(rows);
  add_conversions(rows);
}

}  // namespace dfd::traced
