// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sizes of a ViViT: as its tensors tell them, and as model files state them.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "model/metadata.h"
#include "model/weights.h"

namespace dfd {

enum class VivitActivation {
  kGelu,      // Exact.
  kGeluTanh,  // Its approximation: "gelu_fast", "gelu_new" and "gelu_pytorch_tanh" are one formula.
  kRelu,
};

// Defaults: google/vivit-b-16x2-kinetics400, 88,954,000 weights with its 400 labels. Channels are
// 3: RGB.
struct VivitConfig {
  // Of the clips that the position table is for: side in pixels, and frames.
  int image_size = 224;
  int frames = 32;
  std::array<int, 3> tubelet{2, 16, 16};  // Frames, rows, columns of what becomes one token.
  int hidden_size = 768;
  int layers = 12;
  int heads = 12;  // Divide hidden_size.
  int intermediate_size = 3072;
  VivitActivation activation = VivitActivation::kGeluTanh;
  double epsilon = 1e-6;  // Of the layer norms.
  bool qkv_bias = true;
  std::optional<int> labels;  // None: without classifier.
};

// Tokens over time, height and width, without the one for the class: of the position table.
std::array<std::int64_t, 3> grid_of(const VivitConfig& config);
// Of a clip of that many frames and pixels; what fills no tubelet is left out.
std::array<std::int64_t, 3> grid_of(const VivitConfig& config, std::int64_t frames,
                                    std::int64_t rows, std::int64_t columns);

// Most tokens of a clip: a limit against mistakes, twenty times the released network's.
constexpr std::int64_t kMostVivitTokens = 65536;

// Throws Error(kUnsupportedModel) for a word that is none of those.
VivitActivation vivit_activation(const std::string& word, const std::string& where);

// What tensors by the released checkpoint's names tell: all but image_size, heads, activation and
// epsilon, which are taken from said. heads of 0: hidden_size / 64, as all released ones have it.
// where: the file, for Error(kUnsupportedModel).
VivitConfig complete_vivit(VivitConfig said, const TensorMap& tensors, const std::string& where);

// In a model file: "tubelet" such as "2,16,16", "hidden_size", "layers", "heads",
// "intermediate_size", "activation", "epsilon", "qkv_bias", "position_size" and, unless it is
// "frames", "position_frames"; "frames" and "classes" as in backbone.h.
// frames: of the clips that it is to take, which may be others than the table's.
Metadata to_settings(const VivitConfig& config, int frames);

// Throws Error(kCorruptModel) for what is missing or beyond what memory could hold, before anything
// is asked for.
VivitConfig parse_vivit(const MetadataReader& settings);

}  // namespace dfd
