// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A network that PyTorch traced or scripted becomes a file of ours: weights, and a graph of
// operators that are allowed (backbone/traced.h).

#pragma once

#include <array>
#include <string>
#include <vector>

#include "detector/config.h"
#include "import/foreign.h"

namespace dfd {

enum class Gives {
  kLogit,      // [N] or [N, 1]: larger where a face is fake.
  kTwoLogits,  // [N, 2], of the classes real and fake.
  kEmbedding,  // [N, D], for `train --backbone`.
};

struct TracedOptions {
  std::string input, output;
  bool takes_clips = false;
  Gives gives = Gives::kLogit;
  int size = 0;  // Side of its input, pixels.
  // Of pixels in [0, 255], as input = (value - mean) / std.
  std::array<double, 3> mean{0, 0, 0}, std{1, 1, 1};
  double margin = kUsualMargin;  // The crop's side in the face's longer sides.
  int frames = 0;                // T of its clips.
  bool channels_first = true;    // Clips are [N, 3, T, S, S], else [N, T, 3, S, S].
  int window = 8;                // Of crops: samples whose mean a verdict is made of.
  Rate rate{8, 1};               // Samples a second.
  int fake_index = 1;            // Of two logits.
};

// Reads, runs it on one and on two made-up inputs, writes. Returns what there is to say. Throws
// Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel, kInvalidArgument.
std::vector<std::string> import_traced(const TracedOptions& options);

}  // namespace dfd
