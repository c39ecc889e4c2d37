// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The list of operators: what it has, and that no operator takes the process down, whatever numbers
// a file has for it.

#include "traced/operators.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "base/translate.h"
#include "detector/error.h"

namespace dfd::traced {
namespace {

// Arguments that accept() allows, of numbers that are odd rather than likely.
class Made {
 public:
  explicit Made(std::uint32_t seed) : chance_(seed) {}

  Value argument(const Parameter& parameter) {
    if (parameter.optional && one_in(3)) return {};
    switch (parameter.wanted) {
      case Wanted::kTensor:
        return tensor();
      case Wanted::kTensors:
        return Tensors{tensor(), tensor(), one_in(4) ? at::Tensor() : tensor()};
      case Wanted::kBool:
        return one_in(2);
      case Wanted::kInt:
        return number();
      case Wanted::kFloat:
        return real();
      case Wanted::kText:
        return of<std::string>({"", "none", "tanh", "same", "reflect", "replicate", "constant",
                                "floor", "ij,jk->ik", "...", "\x80", "abc"});
      case Wanted::kInts:
        return one_in(8) ? Value(number()) : Value(numbers());
      case Wanted::kFloats:
        return Floats{real(), real()};
      case Wanted::kNumber:
        return one_in(2) ? Value(number()) : Value(real());
      case Wanted::kType:
        return of<std::string>({"float32", "float64", "float16", "bfloat16", "int64", "bool"});
      case Wanted::kNothing:
        return {};
    }
    return {};
  }

 private:
  bool one_in(std::uint32_t count) { return chance_() % count == 0; }

  template <typename Type>
  Type of(const std::vector<Type>& choices) {
    return choices[chance_() % choices.size()];
  }

  std::int64_t number() {
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    return of<std::int64_t>(
        {0,  0,  1,  1, 1,   2,      2,     3,         4,      -1,
         -1, -2, -3, 7, 100, kLeast, kMost, kMost - 1, -kMost, std::int64_t{1} << 32});
  }

  double real() {
    return of<double>({0, 1, -1, 0.5, 2, 1e-5, 1e300, std::numeric_limits<double>::infinity(),
                       std::numeric_limits<double>::quiet_NaN()});
  }

  Ints numbers() {
    Ints found;
    const std::size_t count = chance_() % 5;
    for (std::size_t i = 0; i < count; ++i) found.push_back(number());
    return found;
  }

  at::Tensor tensor() {
    const auto shape = of<Ints>({{},
                                 {0},
                                 {4},
                                 {2, 4},
                                 {4, 4},
                                 {2, 4, 4},
                                 {2, 0, 4},
                                 {2, 4, 4, 4},
                                 {2, 4, 4, 4},
                                 {4, 4, 1, 1},
                                 {4, 1, 3, 3},
                                 {0, 4, 4, 4},
                                 {1, 4, 2, 4, 4}});
    const auto type = of<at::ScalarType>(
        {at::kFloat, at::kFloat, at::kFloat, at::kFloat, at::kLong, at::kBool, at::kDouble});
    const at::Tensor made = (at::rand(shape) * 8 - 3).to(type);
    return one_in(4) && made.dim() > 1 ? made.transpose(0, 1) : made;
  }

  std::mt19937 chance_;
};

TEST(TracedOperators, NamesAndParametersAreWellFormed) {
  EXPECT_GT(all_operators().size(), 250U);
  for (const Operator& row : all_operators()) {
    SCOPED_TRACE(row.name);
    bool defaulted = false;
    for (const Parameter& parameter : row.parameters) {
      EXPECT_TRUE(parameter.defaulted || !defaulted) << parameter.name;
      defaulted = parameter.defaulted;
      EXPECT_TRUE(!defaulted || accepts(parameter, kind_of(parameter.fallback))) << parameter.name;
    }
    const bool writes = row.name.back() == '_' && row.name.front() != '_';
    EXPECT_EQ(row.memory == Memory::kWritten, writes);
  }
  EXPECT_TRUE(operators_named("from_file").empty());
  EXPECT_TRUE(operators_named("").empty());
}

TEST(TracedOperators, OddArgumentsEndInErrorsOrResults) {
  const c10::InferenceMode guard;
  constexpr std::uint32_t kTries = 60;
  std::size_t results = 0;
  for (const Operator& row : all_operators()) {
    for (std::uint32_t i = 0; i < kTries; ++i) {
      Made made(i);
      std::vector<Value> arguments;
      for (const Parameter& parameter : row.parameters) {
        // Defaults more often than not, so that what is odd is one thing at a time.
        const bool fallback = parameter.defaulted && (i + arguments.size()) % 3 != 0;
        arguments.push_back(fallback ? parameter.fallback : made.argument(parameter));
      }
      try {
        const Value result = translate_errors([&] { return row.call(arguments, at::kCPU); });
        EXPECT_EQ(kind_of(result), row.result) << row.name;
        ++results;
      } catch (const Error&) {
      }
    }
  }
  EXPECT_GT(results, all_operators().size()) << "nothing ran";
}

}  // namespace
}  // namespace dfd::traced
