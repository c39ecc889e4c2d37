// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A network as data: its weights' names and a straight line of nodes, each an operator of the list
// (traced/operators.h) with its arguments. As text, which model files keep:
//
//   graph 1
//   weight conv1.weight float32 [64, 3, 7, 7]
//   v1 = conv2d(v0, $conv1.weight, none, [2, 2], [3, 3])
//   v2 = relu_(v1)
//   v3 = size(v2, 0)
//   v4 = reshape(v2, [v3, -1])
//   return v4
//
// v0 is the input, vN what the Nth node gives. Literals: whole numbers, numbers with a point or an
// exponent (inf, nan), true, false, none, texts in double quotes; lists of literals, values and
// weights, one deep. Nothing branches, nothing repeats, and a node reads only what was before it.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "traced/operators.h"

namespace dfd::traced {

// Limits of a graph. The largest known, Swin-B's, has 3,034 nodes and 114 kB of text.
constexpr std::size_t kMostNodes = 32768;
constexpr std::size_t kMostItems = 1024;  // Of a list.
constexpr std::size_t kMostTextBytes = std::size_t{4} << 20;

struct Weight {
  std::string name;  // As the model file's tensors; letters, digits, "_", ".", "-".
  at::ScalarType type = at::kFloat;
  Ints shape;
};

struct Argument {
  enum class Form { kLiteral, kValue, kWeight, kList };
  Form form = Form::kLiteral;
  Value literal;                // No tensor and no list.
  std::size_t place = 0;        // Of the value (0: the input) or weight.
  std::vector<Argument> items;  // No lists.

  static Argument of(Value literal) { return {Form::kLiteral, std::move(literal), 0, {}}; }
  static Argument value(std::size_t place) { return {Form::kValue, {}, place, {}}; }
  static Argument weight(std::size_t place) { return {Form::kWeight, {}, place, {}}; }
  static Argument list(std::vector<Argument> items) {
    return {Form::kList, {}, 0, std::move(items)};
  }
};

struct Node {
  const Operator* operation = nullptr;
  std::vector<Argument> arguments;  // One each parameter.
  std::size_t given = 0;            // Those before the defaults.
};

// Copyable; checked as it grows. Thread-compatible. What throws, throws Error(kCorruptModel), for
// an operator that is not on the list kUnsupportedModel, and names it.
class Graph {
 public:
  // where: the file, for complaints, which name the line.
  static Graph parse(const std::string& text, const std::string& where);
  std::string text() const;

  // The weight's place.
  std::size_t add_weight(Weight weight);

  // Chooses among the operators of that name by the arguments' kinds. Returns the value it gives.
  Argument add(const std::string& name, std::vector<Argument> arguments);

  // The operator that add() would choose; none: nullptr.
  const Operator* find(const std::string& name, const std::vector<Argument>& arguments) const;

  void set_result(const Argument& value);  // A tensor's.

  Kind kind_of(const Argument& argument) const;

  const std::vector<Weight>& weights() const { return weights_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  std::size_t result() const { return result_; }  // The place of a value.

 private:
  // Of a value: what it is, and whether it may lie in the memory of the input or of a weight, which
  // no node may write into.
  struct About {
    Kind kind = Kind::kTensor;
    bool lent = true;
  };

  bool lent(const Argument& argument) const;
  std::string complaint(const std::string& name, const std::vector<Argument>& arguments) const;

  std::vector<Weight> weights_;
  std::vector<Node> nodes_;
  std::vector<About> values_{About()};
  std::size_t result_ = 0;
};

}  // namespace dfd::traced
