// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any network that PyTorch traced, as weights and a graph (traced_graph.h), run node by node on
// LibTorch's operators, on the CPU or CUDA. Nothing of the file is code: each node is one of a list
// of operators, and is checked when the file is read.
//
// It computes in float whatever it is folded to: a network that somebody else made may hold numbers
// beyond fp16's range, or tensors of its own making that bf16 weights do not go with.

#pragma once

#include <memory>

#include "backbone/backbone.h"
#include "backbone/traced_graph.h"

namespace dfd {

constexpr const char* kTraced = "traced";

// Its settings, all of text:
//   graph           the text.
//   embedding_size  D, 1 to 65536: of whatever shape its result is, a row has as many numbers.
//   frames          optional: T of the clips that it takes, 1 to 256; without, it takes crops.
//   layout          with frames: "frames-first", [N, T, 3, S, S], or "channels-first", [N, 3, T, S,
//                   S]; how the graph takes a clip.
BackboneKind traced_kind();

namespace traced {

// Runs a graph. Holds it and its weights, in the graph's order. Thread-compatible.
class Interpreter {
 public:
  Interpreter(Graph graph, Tensors weights);

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
  std::vector<std::vector<std::size_t>> last_read_;  // By node: the values that it reads last.
};

}  // namespace traced
}  // namespace dfd
