// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of the list of operators: arithmetic of sizes, which PyTorch traces beside that of tensors.

#include <cmath>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "traced/rows.h"

namespace dfd::traced {
namespace {

void require_no_overflow(bool overflowed) {
  DFD_INTACT(!overflowed, "arithmetic of sizes leaves 64 bits");
}

std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  require_no_overflow(__builtin_add_overflow(a, b, &result));
  return result;
}

std::int64_t difference_of(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  require_no_overflow(__builtin_sub_overflow(a, b, &result));
  return result;
}

std::int64_t product_of(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  require_no_overflow(__builtin_mul_overflow(a, b, &result));
  return result;
}

// As Python rounds: down.
std::int64_t quotient_of(std::int64_t a, std::int64_t b) {
  DFD_INTACT(b != 0, "a size divided by 0");
  // The one quotient that 64 bits cannot hold is that of the lowest number by -1.
  if (b == -1) return difference_of(0, a);
  return a / b - static_cast<std::int64_t>(a % b != 0 && (a < 0) != (b < 0));
}

std::int64_t remainder_of(std::int64_t a, std::int64_t b) {
  return difference_of(a, product_of(quotient_of(a, b), b));
}

std::int64_t whole_of(double a) {
  constexpr double kMost = 9007199254740992;  // 2^53: beyond it doubles skip whole numbers.
  DFD_INTACT(a >= -kMost && a <= kMost, "a size of " << a);
  return static_cast<std::int64_t>(a);
}

void add_whole(Rows& rows) {
  rows.add("add", "a b", sum_of);
  rows.add("sub", "a b", difference_of);
  rows.add("rsub", "a b", [](std::int64_t a, std::int64_t b) { return difference_of(b, a); });
  // As traced, where sizes pass for tensors.
  rows.add("add", "a b alpha", [](std::int64_t a, std::int64_t b, std::int64_t factor) {
    return sum_of(a, product_of(b, factor));
  });
  rows.add("sub", "a b alpha", [](std::int64_t a, std::int64_t b, std::int64_t factor) {
    return difference_of(a, product_of(b, factor));
  });
  rows.add("rsub", "a b alpha", [](std::int64_t a, std::int64_t b, std::int64_t factor) {
    return difference_of(b, product_of(a, factor));
  });
  rows.add("mul", "a b", product_of);
  for (const char* name : {"floordiv", "floor_divide"}) rows.add(name, "a b", quotient_of);
  rows.add("remainder", "a b", remainder_of);
  rows.add("neg", "a", [](std::int64_t a) { return difference_of(0, a); });
  rows.add("min", "a b", [](std::int64_t a, std::int64_t b) { return a < b ? a : b; });
  rows.add("max", "a b", [](std::int64_t a, std::int64_t b) { return a > b ? a : b; });
  rows.add("int", "a", [](std::int64_t a) { return a; });
}

void add_fractions(Rows& rows) {
  rows.add("add", "a b", [](double a, double b) { return a + b; });
  rows.add("sub", "a b", [](double a, double b) { return a - b; });
  rows.add("mul", "a b", [](double a, double b) { return a * b; });
  rows.add("div", "a b", [](double a, double b) { return a / b; });
  rows.add("div", "a b rounding_mode", [](std::int64_t a, std::int64_t b, const std::string& mode) {
    DFD_INTACT(mode == "floor" || mode == "trunc", "a division rounded by \"" << mode << "\"");
    const bool up = mode == "trunc" && (a < 0) != (b < 0) && remainder_of(a, b) != 0;
    return sum_of(quotient_of(a, b), static_cast<std::int64_t>(up));
  });
  rows.add("pow", "a b", [](double a, double b) { return std::pow(a, b); });
  rows.add("sqrt", "a", [](double a) { return std::sqrt(a); });
  rows.add("neg", "a", [](double a) { return -a; });
  rows.add("int", "a", whole_of);
  rows.add("float", "a", [](double a) { return a; });
  rows.add("floor", "a", [](double a) { return whole_of(std::floor(a)); });
  rows.add("ceil", "a", [](double a) { return whole_of(std::ceil(a)); });
}

}  // namespace

void add_numbers(Rows& rows) {
  add_whole(rows);
  add_fractions(rows);
}

}  // namespace dfd::traced
