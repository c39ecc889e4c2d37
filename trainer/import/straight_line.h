// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The straight line that remains of an archive of torch.jit.save: methods put in place of their
// calls, branches taken whose conditions are constants, and of each operator a node of a graph.

#pragma once

#include <string>

#include "model/weights.h"
#include "traced/graph.h"

namespace dfd {

struct TracedNetwork {
  traced::Graph graph;
  TensorMap weights;  // By the graph's names, which are PyTorch's where these are attributes.
};

// Runs none of it. Throws Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel: an operator that
// is not on the list, a loop, a branch that hangs on the input, code of other kinds; each by name,
// with its file in the archive and its line.
TracedNetwork read_traced(const std::string& path);

}  // namespace dfd
