// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The operators that a traced network (traced/graph.h) may be made of: each with its parameters,
// as PyTorch's native_functions.yaml has them, and how it is called. The one list for the importer,
// for the check of model files and for serving; what is not on it cannot be written, read or run.
//
// Thread-safe: the list never changes.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <ATen/ATen.h>

namespace dfd::traced {

using Tensors = std::vector<at::Tensor>;  // Undefined ones stand for none.
using Ints = std::vector<std::int64_t>;
using Floats = std::vector<double>;

// What nodes give and take. monostate: none.
using Value = std::variant<std::monostate, at::Tensor, Tensors, bool, std::int64_t, double,
                           std::string, Ints, Floats>;
enum class Kind { kNone, kTensor, kTensors, kBool, kInt, kFloat, kText, kInts, kFloats };
Kind kind_of(const Value& value);
const char* to_string(Kind kind) noexcept;

// What a parameter takes.
enum class Wanted {
  kTensor,
  kTensors,
  kBool,
  kInt,
  kFloat,  // Or an int.
  kText,
  kInts,    // Or one int.
  kFloats,  // Or ints.
  kNumber,  // An int, a float or a bool.
  kType,    // A text: the name of a tensor's type, as type_named() knows them.
  kNothing  // What PyTorch has here is of no use to us: layout, device, memory format.
};

struct Parameter {
  std::string name;
  Wanted wanted = Wanted::kTensor;
  bool optional = false;   // Takes none as well.
  bool defaulted = false;  // Arguments may end before it.
  Value fallback;          // Where they do.
};

// What of a node's result may lie in the memory of its arguments.
enum class Memory {
  kOwn,
  kShared,  // A view, or the argument itself.
  kWritten  // It writes into its first argument, and gives it back.
};

struct Operator {
  std::string name;
  std::vector<Parameter> parameters;
  Kind result = Kind::kTensor;
  Memory memory = Memory::kOwn;
  // As many arguments as parameters, of kinds that these accept. device: where new tensors lie.
  // Throws Error(kCorruptModel) for what no network does, and what LibTorch throws.
  std::function<Value(const std::vector<Value>& arguments, const at::Device& device)> call;
};

// A list or a tensor of more elements is a mistake, or an attack on memory: 4 GiB of floats.
constexpr std::int64_t kMostElements = std::int64_t{1} << 30;
// And of all that a run needs at one time: twice as much.
constexpr std::size_t kMostBytes = std::size_t{8} << 30;

const std::vector<Operator>& all_operators();

// What PyTorch calls by this name; several where what is done depends on the arguments' kinds.
// Empty: it is not allowed.
const std::vector<const Operator*>& operators_named(const std::string& name);

// May an argument of that kind stand there? Of texts for Wanted::kType the caller asks
// type_named().
bool accepts(const Parameter& parameter, Kind kind);

// "float32", "int64", ... Throw Error(kCorruptModel) for a type that is not among them.
at::ScalarType type_named(const std::string& name);
std::string name_of(at::ScalarType type);

}  // namespace dfd::traced
