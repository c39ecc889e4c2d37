// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The twins of the heads in window/ that gradients go through, by the names in model files.

#pragma once

#include <memory>
#include <string>

#include <torch/nn/module.h>

#include "model/model_config.h"

namespace dfd {

// Its parameters carry the names that model files have.
struct TrainableHead : torch::nn::Module {
  // float [N, T, D] -> logits [N, K]: K is 1, or 2 of a head that knows kinds of evidence, in
  // kEvidence's order.
  virtual at::Tensor forward(const at::Tensor& embeddings) = 0;
  virtual HeadInfo info() const = 0;  // For the model file.
};

// type: "lstm" (the seed recipe's sizes), "mean", or "none" behind a backbone that classifies by
// itself, embedding_size 1 or 2. evidence: a logit for each kind, which only "mean" has.
// fake_index: which of the two classes of "none" is the fake. Throws Error(kInvalidArgument) for
// another type, another size of "none", and for evidence of others than "mean".
std::unique_ptr<TrainableHead> make_trainable_head(const std::string& type,
                                                   std::int64_t embedding_size,
                                                   bool evidence = false, int fake_index = 1);

}  // namespace dfd
