// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of the list of operators: arithmetic of tensors, comparisons, masks, sums over dimensions.

#include <string>
#include <utility>

#include "base/check.h"
#include "traced/limits.h"
#include "traced/rows.h"

namespace dfd::traced {
namespace {

void add_functions(Rows& rows) {
  rows.add("abs", "self", [](const Tensor& x) { return at::abs(x); });
  rows.add("neg", "self", [](const Tensor& x) { return at::neg(x); });
  rows.add("exp", "self", [](const Tensor& x) { return at::exp(x); });
  rows.add("expm1", "self", [](const Tensor& x) { return at::expm1(x); });
  rows.add("log", "self", [](const Tensor& x) { return at::log(x); });
  rows.add("log1p", "self", [](const Tensor& x) { return at::log1p(x); });
  rows.add("sqrt", "self", [](const Tensor& x) { return at::sqrt(x); });
  rows.add("rsqrt", "self", [](const Tensor& x) { return at::rsqrt(x); });
  rows.add("square", "self", [](const Tensor& x) { return at::square(x); });
  rows.add("reciprocal", "self", [](const Tensor& x) { return at::reciprocal(x); });
  rows.add("sin", "self", [](const Tensor& x) { return at::sin(x); });
  rows.add("cos", "self", [](const Tensor& x) { return at::cos(x); });
  rows.add("erf", "self", [](const Tensor& x) { return at::erf(x); });
  rows.add("floor", "self", [](const Tensor& x) { return at::floor(x); });
  rows.add("ceil", "self", [](const Tensor& x) { return at::ceil(x); });
  rows.add("round", "self", [](const Tensor& x) { return at::round(x); });
  rows.add("sign", "self", [](const Tensor& x) { return at::sign(x); });
  rows.add("exp_", "self", [](const Tensor& x) { return x.exp_(); });
  rows.add("sqrt_", "self", [](const Tensor& x) { return x.sqrt_(); });
  rows.add("neg_", "self", [](const Tensor& x) { return x.neg_(); });
}

// NAME and NAME_, each for a tensor and for a number as the other operand.
template <typename Function>
void add_scaled(Rows& rows, const std::string& name, Function function) {
  const std::string parameters = "self other alpha=1";
  rows.add(name, parameters,
           [function](const Tensor& x, const Tensor& y, const at::Scalar& factor) {
             require_broadcast(x, y);
             return function(x, y, factor);
           });
  rows.add(name, parameters,
           [function](const Tensor& x, const at::Scalar& y, const at::Scalar& factor) {
             return function(x, y, factor);
           });
}

// Of two tensors.
template <typename Function>
void add_joined(Rows& rows, const std::string& name, Function function) {
  rows.add(name, "self other", [function](const Tensor& x, const Tensor& y) {
    require_broadcast(x, y);
    return function(x, y);
  });
}

// And for a number as the other operand, too.
template <typename Function>
void add_pair(Rows& rows, const std::string& name, Function function) {
  add_joined(rows, name, function);
  rows.add(name, "self other",
           [function](const Tensor& x, const at::Scalar& y) { return function(x, y); });
}

// x, or a number that becomes a tensor of the type that PyTorch gives it beside the other.
Tensor beside(const at::Scalar& x, const Tensor& other) {
  return at::scalar_tensor(x, other.options().dtype(at::result_type(other, x)));
}

void add_arithmetic(Rows& rows) {
  add_scaled(rows, "add", [](const Tensor& x, const auto& y, const at::Scalar& factor) {
    return at::add(x, y, factor);
  });
  add_scaled(rows, "add_", [](const Tensor& x, const auto& y, const at::Scalar& factor) {
    return x.add_(y, factor);
  });
  add_scaled(rows, "sub", [](const Tensor& x, const auto& y, const at::Scalar& factor) {
    return at::sub(x, y, factor);
  });
  add_scaled(rows, "sub_", [](const Tensor& x, const auto& y, const at::Scalar& factor) {
    return x.sub_(y, factor);
  });
  add_scaled(rows, "rsub", [](const Tensor& x, const auto& y, const at::Scalar& factor) {
    return at::rsub(x, y, factor);
  });
  add_pair(rows, "mul", [](const Tensor& x, const auto& y) { return at::mul(x, y); });
  add_pair(rows, "mul_", [](const Tensor& x, const auto& y) { return x.mul_(y); });
  add_pair(rows, "div", [](const Tensor& x, const auto& y) { return at::div(x, y); });
  add_pair(rows, "div_", [](const Tensor& x, const auto& y) { return x.div_(y); });
  add_pair(rows, "floor_divide", [](const Tensor& x, const auto& y) {
    require_quotient(x, y);
    return at::floor_divide(x, y);
  });
  add_pair(rows, "remainder", [](const Tensor& x, const auto& y) {
    require_quotient(x, y);
    return at::remainder(x, y);
  });
  add_pair(rows, "pow", [](const Tensor& x, const auto& y) { return at::pow(x, y); });
  rows.add("div", "self other rounding_mode",
           [](const Tensor& x, const Tensor& y, const Maybe<std::string>& mode) {
             require_quotient(x, y);
             return mode ? at::div(x, y, c10::string_view(*mode)) : at::div(x, y);
           });
  rows.add("div", "self other rounding_mode",
           [](const Tensor& x, const at::Scalar& y, const Maybe<std::string>& mode) {
             require_quotient(x, y);
             return mode ? at::div(x, y, c10::string_view(*mode)) : at::div(x, y);
           });
  for (const char* name : {"minimum", "min"}) {
    add_joined(rows, name, [](const Tensor& x, const Tensor& y) { return at::minimum(x, y); });
  }
  for (const char* name : {"maximum", "max"}) {
    add_joined(rows, name, [](const Tensor& x, const Tensor& y) { return at::maximum(x, y); });
  }
  rows.add("clamp", "self min=none max=none",
           [](const Tensor& x, const Maybe<at::Scalar>& least, const Maybe<at::Scalar>& most) {
             return at::clamp(x, least, most);
           });
  rows.add("clamp_", "self min=none max=none",
           [](const Tensor& x, const Maybe<at::Scalar>& least, const Maybe<at::Scalar>& most) {
             return x.clamp_(least, most);
           });
  rows.add("clamp_min", "self min",
           [](const Tensor& x, const at::Scalar& least) { return at::clamp_min(x, least); });
  rows.add("clamp_min_", "self min",
           [](const Tensor& x, const at::Scalar& least) { return x.clamp_min_(least); });
  rows.add("clamp_max", "self max",
           [](const Tensor& x, const at::Scalar& most) { return at::clamp_max(x, most); });
}

void add_comparisons(Rows& rows) {
  add_pair(rows, "eq", [](const Tensor& x, const auto& y) { return at::eq(x, y); });
  add_pair(rows, "ne", [](const Tensor& x, const auto& y) { return at::ne(x, y); });
  add_pair(rows, "lt", [](const Tensor& x, const auto& y) { return at::lt(x, y); });
  add_pair(rows, "le", [](const Tensor& x, const auto& y) { return at::le(x, y); });
  add_pair(rows, "gt", [](const Tensor& x, const auto& y) { return at::gt(x, y); });
  add_pair(rows, "ge", [](const Tensor& x, const auto& y) { return at::ge(x, y); });
  rows.add("logical_not", "self", [](const Tensor& x) { return at::logical_not(x); });
  rows.add("bitwise_not", "self", [](const Tensor& x) { return at::bitwise_not(x); });
  add_joined(rows, "logical_and",
             [](const Tensor& x, const Tensor& y) { return at::logical_and(x, y); });
  add_joined(rows, "logical_or",
             [](const Tensor& x, const Tensor& y) { return at::logical_or(x, y); });
  for (const char* name : {"bitwise_and", "__and__"}) {
    add_joined(rows, name, [](const Tensor& x, const Tensor& y) { return at::bitwise_and(x, y); });
  }
  for (const char* name : {"bitwise_or", "__or__"}) {
    add_joined(rows, name, [](const Tensor& x, const Tensor& y) { return at::bitwise_or(x, y); });
  }
}

void add_masks(Rows& rows) {
  rows.add("masked_fill", "self mask value",
           [](const Tensor& x, const Tensor& mask, const at::Scalar& value) {
             require_broadcast(x, mask);
             return at::masked_fill(x, mask, value);
           });
  rows.add("masked_fill", "self mask value",
           [](const Tensor& x, const Tensor& mask, const Tensor& value) {
             require_broadcast(x, mask);
             return at::masked_fill(x, mask, value);
           });
  rows.add("masked_fill_", "self mask value",
           [](const Tensor& x, const Tensor& mask, const at::Scalar& value) {
             return x.masked_fill_(mask, value);
           });
  const auto choose = [](const Tensor& condition, const Tensor& x, const Tensor& y) {
    require_broadcast(x, y);
    require_broadcast(condition, x);
    require_broadcast(condition, y);
    return at::where(condition, x, y);
  };
  rows.add("where", "condition self other", choose);
  rows.add("where", "condition self other",
           [choose](const Tensor& condition, const Tensor& x, const at::Scalar& y) {
             const Tensor other = beside(y, x);
             return choose(condition, x.to(other.scalar_type()), other);
           });
  rows.add("where", "condition self other",
           [choose](const Tensor& condition, const at::Scalar& x, const Tensor& y) {
             const Tensor other = beside(x, y);
             return choose(condition, other, y.to(other.scalar_type()));
           });
  rows.add("fill_", "self value",
           [](const Tensor& x, const at::Scalar& value) { return x.fill_(value); });
  rows.add("fill_", "self value",
           [](const Tensor& x, const Tensor& value) { return x.fill_(value); });
  rows.add("zero_", "self", [](const Tensor& x) { return x.zero_(); });
  rows.add("copy_", "self src non_blocking=false",
           [](const Tensor& x, const Tensor& y, bool) { return x.copy_(y); });
  rows.add("copy_", "self src non_blocking=false",
           [](const Tensor& x, const at::Scalar& y, bool) { return x.fill_(y); });
  rows.add("triu", "self diagonal=0",
           [](const Tensor& x, std::int64_t diagonal) { return at::triu(x, diagonal); });
  rows.add("tril", "self diagonal=0",
           [](const Tensor& x, std::int64_t diagonal) { return at::tril(x, diagonal); });
}

// Over these dimensions, none: over all.
Tensor summed(const Tensor& x, const Maybe<Ints>& dimensions, bool kept,
              const Maybe<at::ScalarType>& type) {
  const Tensor y = type ? x.to(*type) : x;
  return at::sum(y, dimensions ? at::IntArrayRef(*dimensions) : at::IntArrayRef(), kept);
}

Tensor averaged(const Tensor& x, const Maybe<Ints>& dimensions, bool kept,
                const Maybe<at::ScalarType>& type) {
  const Tensor y = type ? x.to(*type) : x;
  return at::mean(y, dimensions ? at::IntArrayRef(*dimensions) : at::IntArrayRef(), kept);
}

// correction: 1 divides by one less than there are, 0 by as many.
Tensor variance(const Tensor& x, const Maybe<Ints>& dimensions, std::int64_t correction,
                bool kept) {
  DFD_INTACT(correction == 0 || correction == 1, "a variance with correction " << correction);
  return at::var(x, dimensions ? at::IntArrayRef(*dimensions) : at::IntArrayRef(), correction == 1,
                 kept);
}

void add_variances(Rows& rows) {
  for (const bool root : {false, true}) {
    const auto spread = [root](const Tensor& x, const Maybe<Ints>& dimensions,
                               std::int64_t correction, bool kept) {
      const Tensor squared = variance(x, dimensions, correction, kept);
      return root ? squared.sqrt() : squared;
    };
    const std::string name = root ? "std" : "var";
    rows.add(name, "self unbiased=true", [spread](const Tensor& x, bool unbiased) {
      return spread(x, c10::nullopt, unbiased ? 1 : 0, false);
    });
    rows.add(name, "self dim unbiased=true keepdim=false",
             [spread](const Tensor& x, const Maybe<Ints>& dimensions, bool unbiased, bool kept) {
               return spread(x, dimensions, unbiased ? 1 : 0, kept);
             });
    rows.add(name, "self dim=none correction=1 keepdim=false", spread);
  }
}

void add_sums(Rows& rows) {
  rows.add("sum", "self dtype=none", [](const Tensor& x, const Maybe<at::ScalarType>& type) {
    return summed(x, c10::nullopt, false, type);
  });
  rows.add("sum", "self dim keepdim=false dtype=none", summed);
  rows.add("mean", "self dtype=none", [](const Tensor& x, const Maybe<at::ScalarType>& type) {
    return averaged(x, c10::nullopt, false, type);
  });
  rows.add("mean", "self dim keepdim=false dtype=none", averaged);
  rows.add("amax", "self dim=[] keepdim=false",
           [](const Tensor& x, const Ints& dimensions, bool kept) {
             return at::amax(x, dimensions, kept);
           });
  rows.add("amin", "self dim=[] keepdim=false",
           [](const Tensor& x, const Ints& dimensions, bool kept) {
             return at::amin(x, dimensions, kept);
           });
  rows.add("max", "self dim keepdim=false", [](const Tensor& x, std::int64_t dimension, bool kept) {
    auto [most, places] = at::max(x, dimension, kept);
    return Tensors{most, places};
  });
  rows.add("argmax", "self dim=none keepdim=false",
           [](const Tensor& x, const Maybe<std::int64_t>& dimension, bool kept) {
             return at::argmax(x, dimension, kept);
           });
  rows.add("cumsum", "self dim dtype=none",
           [](const Tensor& x, std::int64_t dimension, const Maybe<at::ScalarType>& type) {
             return at::cumsum(x, dimension, type);
           });
  const auto length = [](const Tensor& x, const at::Scalar& power, const Maybe<Ints>& dimensions,
                         bool kept) {
    at::OptionalIntArrayRef over;
    if (dimensions) over = at::IntArrayRef(*dimensions);
    return at::linalg_vector_norm(x, power, over, kept);
  };
  rows.add("norm", "self p=2", [length](const Tensor& x, const at::Scalar& power) {
    return length(x, power, {}, false);
  });
  rows.add("norm", "self p dim keepdim=false",
           [length](const Tensor& x, const Maybe<at::Scalar>& power, const Ints& dimensions,
                    bool kept) { return length(x, power.value_or(2), dimensions, kept); });
  rows.add("frobenius_norm", "self dim keepdim=false",
           [length](const Tensor& x, const Ints& dimensions, bool kept) {
             return length(x, 2, dimensions, kept);
           });
  rows.add("linalg_vector_norm", "self ord=2 dim=none keepdim=false dtype=none",
           [length](const Tensor& x, const at::Scalar& power, const Maybe<Ints>& dimensions,
                    bool kept, const Maybe<at::ScalarType>& type) {
             return length(type ? x.to(*type) : x, power, dimensions, kept);
           });
}

}  // namespace

void add_elementwise(Rows& rows) {
  add_functions(rows);
  add_arithmetic(rows);
  add_comparisons(rows);
  add_masks(rows);
  add_variances(rows);
  add_sums(rows);
}

}  // namespace dfd::traced
