// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ViViT, the video vision transformer (Arnab et al. 2021), model 1: tubelets of a clip become
// tokens, all of which attend to all. By the names and with the arithmetic of Hugging Face's
// VivitForVideoClassification as google/vivit-b-16x2-kinetics400 was released (transformers 4.46);
// newer versions call things otherwise inside.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/vivit_config.h"
#include "model/weights.h"

namespace dfd {

// What VivitForVideoClassification.forward takes besides pixel_values, by its names.
struct VivitRequest {
  // [heads], for all layers, or [layers, heads]: 1 keeps a head, 0 leaves it out. Undefined: all.
  at::Tensor head_mask;
  bool output_attentions = false;
  bool output_hidden_states = false;
  // Clips of another size than the position table's, over time, height and width: the table is
  // interpolated trilinearly, with half-pixel centres as pictures are. (The original's option is
  // broken for video: it takes the tokens of all frames for one square picture, and fails for any
  // size but the table's.) Without it such clips are refused, as the original does.
  bool interpolate_pos_encoding = false;
  // One label: [N] of any number; the loss is the mean squared error. More: int64 [N] of classes;
  // the loss is the cross entropy. Undefined: no loss.
  at::Tensor labels;
  // The original's return_dict only says whether the result is a tuple; here it is this struct,
  // where what was not asked for is undefined or empty.
};

struct VivitResult {
  at::Tensor loss;    // A number.
  at::Tensor logits;  // [N, labels]
  // [N, L, hidden] each: the embedded tokens and what each layer made of them, before the last
  // norm. L is 1 for the class and the clip's tokens, time by time, row by row.
  std::vector<at::Tensor> hidden_states;
  std::vector<at::Tensor> attentions;  // [N, heads, L, L] of each layer, times its head_mask.
};

// Thread-compatible. Its tensors are its own. All it computes has the type of its norms, float or
// double, but for products, which have that of the matrices.
//
// Memory: attention goes through blocks of queries, so that no tensor of it has more than 2^23
// numbers (32 MiB in float) unless output_attentions asks for whole matrices: 472 MB a layer for a
// clip of the released network, whose forward needs about 124 MB beside its weights without. With
// gradients, which keep each block, it is the whole matrix again.
class Vivit {
 public:
  using Take = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

  // Takes its tensors, each behind prefix.
  Vivit(const Take& take, const std::string& prefix, const VivitConfig& config);

  const VivitConfig& config() const { return config_; }

  // pixel_values: [N, T, 3, rows, columns], normalised. Wants a classifier. Throws
  // Error(kInvalidArgument) for what does not fit the configuration.
  VivitResult forward(const at::Tensor& pixel_values, const VivitRequest& request = {}) const;

  // The class's token after the last norm, [N, hidden], or with a classifier the logits; positions
  // are interpolated where need be. type: of products.
  at::Tensor embed(const at::Tensor& pixel_values, at::ScalarType type) const;

  // How much each token of the clip has come into the class's: attention rollout (Abnar and Zuidema
  // 2020), the product over the layers of (mean attention of the heads + identity) / 2, of which
  // only the class's row is computed, from the last layer back. [N, t, h, w], not below 0; with
  // what stays in the class's own token the sum is 1. Keeps each layer's tokens and no matrix.
  at::Tensor rollout(const at::Tensor& pixel_values) const;

  // The type of products, unless told otherwise.
  at::ScalarType type() const { return projection_.weight.scalar_type(); }

  // Moves all tensors. matrices: the type of the weights and biases of products; rest: of tokens,
  // positions and norms, and of all else that is computed.
  void to(const at::Device& device, at::ScalarType matrices, at::ScalarType rest);

  // Its tensors by name, without prefix, layer by layer from input to output.
  using Layers = std::vector<std::vector<std::pair<std::string, at::Tensor>>>;
  Layers layers() const;

 private:
  // A linear layer, a norm, or the projection of tubelets.
  struct Pair {
    std::string name;
    at::Tensor weight;
    at::Tensor bias;  // Undefined: none.
  };
  struct Layer {
    Pair norm_before, query, key, value, attended, norm_after, intermediate, output;
    std::array<Pair*, 8> pairs();
  };
  // [N * heads, L, hidden / heads], contiguous; queries are scaled.
  struct Attended {
    at::Tensor query, key;
  };

  std::vector<Pair*> products();
  std::vector<Pair*> norms();
  at::Tensor product(const Pair& pair, const at::Tensor& x, at::ScalarType type) const;
  at::Tensor norm(const Pair& pair, const at::Tensor& x) const;
  at::Tensor activate(const at::Tensor& x) const;
  std::array<std::int64_t, 3> require_clips(const at::Tensor& pixel_values) const;
  at::Tensor positions(const std::array<std::int64_t, 3>& grid) const;
  at::Tensor tokens(const at::Tensor& pixel_values, at::ScalarType type) const;
  at::Tensor by_heads(const at::Tensor& x) const;
  Attended compare(const Layer& layer, const at::Tensor& normed, at::ScalarType type) const;
  // attention: gets the whole matrix; null: none.
  at::Tensor attend(const Layer& layer, const at::Tensor& normed, const at::Tensor& head_mask,
                    at::ScalarType type, at::Tensor* attention) const;
  at::Tensor run(const Layer& layer, const at::Tensor& x, const at::Tensor& head_mask,
                 at::ScalarType type, at::Tensor* attention) const;
  at::Tensor roll(const Layer& layer, const at::Tensor& x, const at::Tensor& row) const;
  at::Tensor finish(const at::Tensor& x, at::ScalarType type) const;

  VivitConfig config_;
  at::Tensor class_token_, positions_;
  Pair projection_, last_norm_, classifier_;  // Classifier without weight: none.
  std::vector<Layer> layers_;
};

}  // namespace dfd
