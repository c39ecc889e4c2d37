// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any network that PyTorch traced, as weights and a graph (traced/graph.h), run node by node on
// LibTorch's operators, on the CPU or CUDA. Nothing of the file is code: each node is one of a list
// of operators, and is checked when the file is read.
//
// It computes in float whatever it is folded to: a network that somebody else made may hold numbers
// beyond fp16's range, or tensors of its own making that bf16 weights do not go with.

#pragma once

#include <memory>

#include "backbone/backbone.h"

namespace dfd {

constexpr const char* kTraced = "traced";

// Its settings, all of text:
//   graph           the text.
//   embedding_size  D, 1 to 65536: of whatever shape its result is, a row has as many numbers.
//   frames          optional: T of the clips that it takes, 1 to 256; without, it takes crops.
//   layout          with frames: "frames-first", [N, T, 3, S, S], or "channels-first", [N, 3, T, S,
//                   S]; how the graph takes a clip.
BackboneKind traced_kind();

}  // namespace dfd
