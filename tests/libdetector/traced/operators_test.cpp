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

Tensors tensors_in(const Value& value) {
  if (const auto* const one = std::get_if<at::Tensor>(&value)) return {*one};
  const auto* const list = std::get_if<Tensors>(&value);
  return list == nullptr ? Tensors() : *list;
}

bool shares_memory(const Value& result, const std::vector<Value>& arguments) {
  for (const at::Tensor& mine : tensors_in(result)) {
    for (const Value& argument : arguments) {
      for (const at::Tensor& other : tensors_in(argument)) {
        if (mine.defined() && other.defined() && mine.is_alias_of(other)) return true;
      }
    }
  }
  return false;
}

// Calls what takes arguments of these kinds.
Value call(const std::string& name, const std::vector<Value>& arguments) {
  const c10::InferenceMode guard;
  for (const Operator* row : operators_named(name)) {
    std::vector<Value> all = arguments;
    bool fits = all.size() <= row->parameters.size();
    for (std::size_t i = 0; fits && i < row->parameters.size(); ++i) {
      const Parameter& parameter = row->parameters[i];
      if (i == all.size()) all.push_back(parameter.fallback);
      fits = i < arguments.size() ? accepts(parameter, kind_of(all[i])) : parameter.defaulted;
    }
    if (fits) return translate_errors([&] { return row->call(all, at::kCPU); });
  }
  ADD_FAILURE() << "no " << name << " takes these";
  return {};
}

at::Tensor tensor_of(const std::string& name, const std::vector<Value>& arguments) {
  return std::get<at::Tensor>(call(name, arguments));
}

void expect_refused(const std::string& name, const std::vector<Value>& arguments,
                    const std::string& words) {
  try {
    call(name, arguments);
    ADD_FAILURE() << name << ": allowed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptModel) << name << ": " << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
        << name << ": " << error.what();
  }
}

TEST(TracedOperators, TheLowestNumberByMinusOneIsRefused) {
  const std::int64_t minus_one = -1;
  const std::string words = "lowest whole number divided by -1";
  for (const auto type : {at::kLong, at::kInt}) {
    const std::int64_t least = type == at::kInt ? std::numeric_limits<std::int32_t>::min()
                                                : std::numeric_limits<std::int64_t>::min();
    const at::Tensor lowest = at::full({2}, least, type);
    const at::Tensor ones = at::full({1}, -1, type);
    for (const char* name : {"floor_divide", "remainder"}) {
      expect_refused(name, {lowest, minus_one}, words);
      expect_refused(name, {lowest, ones}, words);
    }
    for (const char* mode : {"floor", "trunc"}) {
      expect_refused("div", {lowest, minus_one, std::string(mode)}, words);
      expect_refused("div", {lowest, ones, std::string(mode)}, words);
    }
    EXPECT_EQ(tensor_of("floor_divide", {at::full({1}, 7, type), minus_one}).item<int>(), -7);
  }
}

// None of these tensors has memory of its own for more than a number.
TEST(TracedOperators, WhatNoMachineHasRoomForIsRefusedBeforeItIsMade) {
  const at::Tensor column = at::zeros({1}).expand({1 << 17, 1});
  const at::Tensor row = at::zeros({1}).expand({1, 1 << 18});
  const std::string words = "are allowed";
  for (const char* name : {"add", "mul", "eq", "maximum", "floor_divide", "pow", "matmul", "mm"}) {
    expect_refused(name, {column, row}, words);
  }
  expect_refused("logical_and", {column.to(at::kBool), row.to(at::kBool)}, words);
  expect_refused("where", {column.gt(0), column, row}, words);
  expect_refused("masked_fill", {column, row.gt(0), 1.0}, words);
  expect_refused("einsum", {std::string("ij,jk->ik"), Tensors{column, row}}, words);
  expect_refused("linear", {column, row.t()}, words);
  const at::Tensor wide = at::zeros({1}).expand({1 << 20});
  for (const char* name : {"unbind"}) expect_refused(name, {wide}, words);
  expect_refused("split", {wide, std::int64_t{1}}, words);
  expect_refused("chunk", {wide, std::int64_t{1} << 19}, words);
  const at::Tensor large = at::zeros({1}).expand({1 << 10, 1 << 20});
  expect_refused("cat", {Tensors{large, large}}, words);
  expect_refused("stack", {Tensors{large, large}}, words);
  const at::Tensor places = at::zeros({1}, at::kLong).expand({1 << 17});
  expect_refused("index", {large, Tensors{places}}, words);
  expect_refused("index_select", {large, std::int64_t{0}, places}, words);
  expect_refused("embedding", {large, places}, words);
  const at::Tensor picture = at::zeros({1, 1, 4, 4});
  const at::Tensor weight = at::zeros({1, 1, 1, 1});
  expect_refused("conv2d", {picture, weight, {}, Ints{1, 1}, Ints{1 << 20, 1 << 20}}, words);
  expect_refused(
      "conv2d",
      {at::zeros({1}).expand({1, 1, 1 << 14, 1 << 14}), at::zeros({1}).expand({1 << 10, 1, 1, 1})},
      words);
  expect_refused("upsample_bilinear2d",
                 {at::zeros({1, 8, 2, 2}), Ints{1 << 14, 1 << 14}, false, {}}, words);
  expect_refused("adaptive_avg_pool2d", {at::zeros({1, 8, 2, 2}), Ints{1 << 14, 1 << 14}}, words);
}

TEST(TracedOperators, AnAttentionIsAsWideAsItsWeights) {
  const at::Tensor query = at::ones({1, 2, 4});
  const std::int64_t heads = 1;
  const auto attention = [&](std::int64_t width) {
    return std::vector<Value>{query,          query,
                              query,          width,
                              heads,          at::ones({12, 4}),
                              at::ones({12}), at::ones({4, 4}),
                              at::ones({4}),  Value(),
                              true,           true,
                              Value()};
  };
  const std::string name = "_native_multi_head_attention";
  call(name, attention(4));
  for (const std::int64_t width : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
    expect_refused(name, attention(width), "attention of width");
  }
}

TEST(TracedOperators, CountAsPyTorchDoesWhereTypesMeet) {
  const at::Tensor whole = at::tensor({3, 4}, at::kLong);
  const at::Tensor chosen = at::tensor({1, 0}).to(at::kBool);
  EXPECT_TRUE(at::equal(tensor_of("where", {chosen, whole, 0.5}), at::tensor({3.0F, 0.5F})));
  EXPECT_TRUE(at::equal(tensor_of("where", {chosen, 0.5, whole}), at::tensor({0.5F, 4.0F})));
  EXPECT_EQ(tensor_of("where", {chosen, at::ones({2}), 1.5}).scalar_type(), at::kFloat);
  const at::Tensor copy = tensor_of("to", {whole, std::string("int64"), false, true, Value()});
  EXPECT_FALSE(copy.is_alias_of(whole));
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
        if (row.memory == Memory::kOwn) {
          EXPECT_FALSE(shares_memory(result, arguments)) << row.name << ", " << i;
        }
        ++results;
      } catch (const Error&) {
      }
    }
  }
  EXPECT_GT(results, all_operators().size()) << "nothing ran";
}

}  // namespace
}  // namespace dfd::traced
