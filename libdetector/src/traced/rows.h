// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How rows of the list of operators (traced/operators.h) are written: a name, the parameters' names
// with their defaults, and a function whose types say what the parameters take.

#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "base/check.h"
#include "traced/operators.h"

namespace dfd::traced {

using at::Tensor;
template <typename Type>
using Maybe = c10::optional<Type>;  // LibTorch's own, which is the standard's from 2.1 on.
struct Nothing {};
struct Places {  // Tensors of which some may be undefined, such as indices: all of a dimension.
  Tensors list;
};

// --- From a Value to what a function takes.

template <typename Type>
struct Take;

template <Wanted kWhat>
struct Takes {
  static constexpr Wanted kWanted = kWhat;
  static constexpr bool kOptional = false;
};
template <>
struct Take<Tensor> : Takes<Wanted::kTensor> {
  static const Tensor& from(const Value& value) { return std::get<Tensor>(value); }
};
template <>
struct Take<Tensors> : Takes<Wanted::kTensors> {
  // LibTorch expects undefined ones nowhere but among indices.
  static const Tensors& from(const Value& value) {
    for (const Tensor& tensor : std::get<Tensors>(value)) {
      DFD_INTACT(tensor.defined(), "none among tensors");
    }
    return std::get<Tensors>(value);
  }
};
template <>
struct Take<Places> : Takes<Wanted::kTensors> {
  static Places from(const Value& value) { return {std::get<Tensors>(value)}; }
};
template <>
struct Take<bool> : Takes<Wanted::kBool> {
  static bool from(const Value& value) { return std::get<bool>(value); }
};
template <>
struct Take<std::int64_t> : Takes<Wanted::kInt> {
  static std::int64_t from(const Value& value) { return std::get<std::int64_t>(value); }
};
template <>
struct Take<double> : Takes<Wanted::kFloat> {
  static double from(const Value& value) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
  }
};
template <>
struct Take<std::string> : Takes<Wanted::kText> {
  static const std::string& from(const Value& value) { return std::get<std::string>(value); }
};
template <>
struct Take<Ints> : Takes<Wanted::kInts> {
  static Ints from(const Value& value) {
    const auto* one = std::get_if<std::int64_t>(&value);
    return one != nullptr ? Ints{*one} : std::get<Ints>(value);
  }
};
template <>
struct Take<Floats> : Takes<Wanted::kFloats> {
  static Floats from(const Value& value) {
    const auto* whole = std::get_if<Ints>(&value);
    return whole != nullptr ? Floats(whole->begin(), whole->end()) : std::get<Floats>(value);
  }
};
template <>
struct Take<at::Scalar> : Takes<Wanted::kNumber> {
  static at::Scalar from(const Value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
    if (const auto* truth = std::get_if<bool>(&value)) return *truth;
    return std::get<double>(value);
  }
};
template <>
struct Take<at::ScalarType> : Takes<Wanted::kType> {
  static at::ScalarType from(const Value& value) {
    return type_named(std::get<std::string>(value));
  }
};
template <>
struct Take<Nothing> : Takes<Wanted::kNothing> {
  static Nothing from(const Value& /*value*/) { return {}; }
};
template <typename Type>
struct Take<Maybe<Type>> {
  static constexpr Wanted kWanted = Take<Type>::kWanted;
  static constexpr bool kOptional = true;
  static Maybe<Type> from(const Value& value) {
    if (std::holds_alternative<std::monostate>(value)) return c10::nullopt;
    return Take<Type>::from(value);
  }
};

// --- From what a function gives to a Kind.

template <typename Type>
constexpr Kind kKindOf = Kind::kTensor;
template <>
inline constexpr Kind kKindOf<Tensors> = Kind::kTensors;
template <>
inline constexpr Kind kKindOf<bool> = Kind::kBool;
template <>
inline constexpr Kind kKindOf<std::int64_t> = Kind::kInt;
template <>
inline constexpr Kind kKindOf<double> = Kind::kFloat;
template <>
inline constexpr Kind kKindOf<Ints> = Kind::kInts;

// The list while it is written.
class Rows {
 public:
  // parameters: "weight bias=none stride=1": names, and defaults behind "=" as graph texts have
  // literals, without blanks. function: any that takes them in that order, by value or by constant
  // reference; one whose first parameter is at::Device is given that of the network. By PyTorch's
  // rule a name that ends in "_" writes into its first argument.
  template <typename Function>
  void add(const std::string& name, const std::string& parameters, Function function,
           Memory memory = Memory::kOwn) {
    add_call(name, parameters, memory, function, &Function::operator());
  }
  template <typename Result, typename... Types>
  void add(const std::string& name, const std::string& parameters, Result (*function)(Types...),
           Memory memory = Memory::kOwn) {
    add(
        name, parameters, [function](Types... taken) { return function(taken...); }, memory);
  }
  template <typename Function>
  void add_shared(const std::string& name, const std::string& parameters, Function function) {
    add(name, parameters, function, Memory::kShared);
  }

  std::vector<Operator> take() { return std::move(rows_); }

 private:
  void add_row(const std::string& name, const std::string& parameters, Memory memory, Kind result,
               const std::vector<std::pair<Wanted, bool>>& types);

  template <typename Function, typename Result, typename... Types>
  void add_call(const std::string& name, const std::string& parameters, Memory memory,
                Function function, Result (Function::* /*type*/)(Types...) const) {
    add_row(name, parameters, memory, kKindOf<std::decay_t<Result>>,
            {{Take<std::decay_t<Types>>::kWanted, Take<std::decay_t<Types>>::kOptional}...});
    rows_.back().call = [function](const std::vector<Value>& arguments,
                                   const at::Device& /*device*/) {
      return apply<Types...>(arguments, function, std::index_sequence_for<Types...>());
    };
  }

  template <typename Function, typename Result, typename... Types>
  void add_call(const std::string& name, const std::string& parameters, Memory memory,
                Function function, Result (Function::* /*type*/)(at::Device, Types...) const) {
    add_row(name, parameters, memory, kKindOf<std::decay_t<Result>>,
            {{Take<std::decay_t<Types>>::kWanted, Take<std::decay_t<Types>>::kOptional}...});
    rows_.back().call = [function](const std::vector<Value>& arguments, const at::Device& device) {
      const auto there = [&](const std::decay_t<Types>&... taken) {
        return function(device, taken...);
      };
      return apply<Types...>(arguments, there, std::index_sequence_for<Types...>());
    };
  }

  template <typename... Types, typename Function, std::size_t... kPlace>
  static Value apply([[maybe_unused]] const std::vector<Value>& arguments, const Function& function,
                     std::index_sequence<kPlace...> /*places*/) {
    return Value(function(Take<std::decay_t<Types>>::from(arguments[kPlace])...));
  }

  std::vector<Operator> rows_;
};

// The list's parts, a file each.
void add_layers(Rows& rows);       // What has weights, pools or attends.
void add_activations(Rows& rows);  // And normalised ones: softmax.
void add_shapes(Rows& rows);       // What moves elements about or makes them.
void add_elementwise(Rows& rows);  // Arithmetic, comparisons and sums of tensors.
void add_numbers(Rows& rows);      // Arithmetic of sizes.

}  // namespace dfd::traced
