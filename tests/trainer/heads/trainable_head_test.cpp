// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_head.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "detector/error.h"
#include "support/formula.h"
#include "window/head.h"

namespace dfd {
namespace {

constexpr std::int64_t kSize = 12;  // D

// What is trained, written and read again, is what serves.
TEST(TrainableHead, ItsTwinGivesTheSameLogits) {
  for (const std::string type : {"mean", "lstm"}) {
    torch::manual_seed(3);
    const auto trained = make_trainable_head(type, kSize);
    trained->eval();
    const torch::NoGradGuard no_grad;
    TensorMap tensors;
    for (const auto& item : trained->named_parameters()) tensors[item.key()] = item.value();
    TensorSource source("made up", tensors);
    EXPECT_EQ(trained->info().type, type);
    const auto served =
        head_kind(type, "made up").make(source, trained->info(), at::kCPU, at::kFloat);
    source.require_empty();
    const at::Tensor embeddings = test::formula(1, {3, 5, kSize}).to(at::kFloat);
    const at::Tensor difference = trained->forward(embeddings) - served->score_windows(embeddings);
    EXPECT_LE(difference.abs().max().item<double>(), 1e-6) << type;
  }
}

TEST(TrainableHead, AnotherNameIsAnError) { EXPECT_THROW(make_trainable_head("gru", 4), Error); }

}  // namespace
}  // namespace dfd
