// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_head.h"

#include <memory>
#include <string>
#include <utility>

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
  struct Case {
    const char* type;
    std::vector<Evidence> rows;
    std::int64_t size;
  };
  const std::vector<Evidence> three{Evidence::kSeam, Evidence::kGenerated, Evidence::kGenerated};
  for (const auto& [type, rows, size] :
       {Case{"mean", {}, kSize}, Case{"mean", three, kSize}, Case{"lstm", {}, kSize},
        Case{"none", {}, 1}, Case{"none", {}, 2}}) {
    SCOPED_TRACE(testing::Message() << type << ", " << rows.size() << " rows, " << size);
    torch::manual_seed(3);
    const auto trained = make_trainable_head(type, size, rows);
    trained->eval();
    const torch::NoGradGuard no_grad;
    TensorMap tensors;
    for (const auto& item : trained->named_parameters()) tensors[item.key()] = item.value();
    TensorSource source("made up", tensors);
    EXPECT_EQ(trained->info().type, type);
    const auto served =
        head_kind(type, "made up").make(source, trained->info(), at::kCPU, at::kFloat);
    source.require_empty();
    const at::Tensor embeddings = test::formula(1, {3, 5, size}).to(at::kFloat);
    const at::Tensor logits = trained->forward(embeddings);
    EXPECT_EQ(logits.sizes(), at::IntArrayRef({3, rows.empty() ? 1 : 3}));
    const at::Tensor difference = logits - served->score_rows(embeddings);
    EXPECT_LE(difference.abs().max().item<double>(), 1e-6);
  }
}

TEST(TrainableHead, TheFakeStaysTheClassThatItWas) {
  const torch::NoGradGuard no_grad;
  const at::Tensor classes = at::tensor({3.0F, 1.0F}).reshape({1, 1, 2});
  EXPECT_EQ(make_trainable_head("none", 2, {}, 0)->forward(classes).item<float>(), 2);
  EXPECT_EQ(make_trainable_head("none", 2, {}, 1)->forward(classes).item<float>(), -2);
  EXPECT_EQ(make_trainable_head("none", 2, {}, 0)->info().settings.at("fake_index"), "0");
}

TEST(TrainableHead, AnotherNameIsAnError) { EXPECT_THROW(make_trainable_head("gru", 4), Error); }

TEST(TrainableHead, AnLstmKnowsNoKinds) {
  EXPECT_THROW(make_trainable_head("lstm", 4, {Evidence::kSeam, Evidence::kGenerated}), Error);
  EXPECT_THROW(make_trainable_head("none", 2, {Evidence::kSeam, Evidence::kGenerated}), Error);
}

TEST(TrainableHead, NoHeadStandsBehindOneOrTwoClasses) {
  EXPECT_THROW(make_trainable_head("none", 3), Error);
}

}  // namespace
}  // namespace dfd
