// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs a traced network's graph node by node on LibTorch's operators.

#pragma once

#include <cstddef>
#include <vector>

#include <ATen/ATen.h>

#include "traced/graph.h"

namespace dfd::traced {

// Runs a graph. Holds it and its weights, in the graph's order. Thread-compatible.
class Interpreter {
 public:
  // most_bytes: that its values may take at one time, weights that are passed on included.
  Interpreter(Graph graph, Tensors weights, std::size_t most_bytes = kMostBytes);

  // A value is let go after the last node that reads it. Throws Error(kCorruptModel, kInference,
  // kOutOfMemory) with the node and its operator.
  at::Tensor run(const at::Tensor& input) const;

  void move(const at::Device& device);
  const Graph& graph() const { return graph_; }
  const Tensors& weights() const { return weights_; }

 private:
  Value evaluate(const Argument& argument, const std::vector<Value>& values) const;
  Value call(const Node& node, const std::vector<Value>& values, const at::Device& device) const;

  Graph graph_;
  Tensors weights_;
  std::size_t most_bytes_;
  std::vector<std::vector<std::size_t>> last_read_;  // By node: the values that it reads last.
};

}  // namespace dfd::traced
