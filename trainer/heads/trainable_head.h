// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The twins of the heads in window/ that gradients go through, by the names in model files.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>

#include "detector/report.h"
#include "model/model_config.h"

namespace dfd {

// Its parameters carry the names that model files have.
struct TrainableHead : torch::nn::Module {
  // float [N, T, D] -> logits [N, R], of each row.
  virtual at::Tensor forward(const at::Tensor& embeddings) = 0;
  virtual HeadInfo info() const = 0;  // For the model file.
};

// type: "lstm" (the seed recipe's sizes), "mean", or "none" behind a backbone that classifies by
// itself, embedding_size 1 or 2. rows: of which kind of evidence each is, which only "mean" has;
// empty: one row that knows none. fake_index: which of the two classes of "none" is the fake.
// Throws Error(kInvalidArgument) for another type, another size of "none", and for rows of others
// than "mean".
std::unique_ptr<TrainableHead> make_trainable_head(const std::string& type,
                                                   std::int64_t embedding_size,
                                                   const std::vector<Evidence>& rows = {},
                                                   int fake_index = 1);

}  // namespace dfd
