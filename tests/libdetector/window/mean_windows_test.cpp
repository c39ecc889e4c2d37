// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/formula.h"

namespace dfd {
namespace {

constexpr std::int64_t kSize = 6;  // D

class MeanWindowsTest : public testing::Test {
 protected:
  MeanWindowsTest() {
    TensorSource source("made up",
                        {{"classifier.weight", (test::formula(1, {1, kSize}) - 0.5).to(at::kFloat)},
                         {"classifier.bias", at::full({1}, 0.25F)}});
    head_ = mean_kind().make(source, mean_info(kSize), at::kCPU, at::kBFloat16);
    source.require_empty();
    embeddings_ = test::formula(2, {12, kSize}).to(at::kFloat);
  }

  std::optional<double> give(Window& window, std::int64_t row) {
    const auto found = head_->advance({&window}, embeddings_.narrow(0, row, 1))[0];
    return found ? std::optional(found->logit) : std::nullopt;
  }
  double whole(std::int64_t first, std::int64_t count) {
    return head_->score_windows(embeddings_.narrow(0, first, count).unsqueeze(0))[0].item<double>();
  }

  std::shared_ptr<Head> head_;
  at::Tensor embeddings_;
};

TEST_F(MeanWindowsTest, SlidingGivesWhatWholeWindowsGive) {
  for (const int stride : {1, 2, 5}) {
    const auto window = head_->make_window(4, stride);
    for (std::int64_t row = 0; row < 12; ++row) {
      SCOPED_TRACE(testing::Message() << "stride " << stride << ", sample " << row);
      const bool due = row >= 3 && (row - 3) % stride == 0;
      EXPECT_EQ(window->next_fills(), due);
      const std::optional<double> logit = give(*window, row);
      ASSERT_EQ(logit.has_value(), due);
      if (due) {
        EXPECT_NEAR(*logit, whole(row - 3, 4), 1e-6);
      }
    }
  }
}

TEST_F(MeanWindowsTest, ManyWindowsAdvanceAtOnce) {
  const auto first = head_->make_window(1, 1);
  const auto second = head_->make_window(1, 1);
  const auto logits = head_->advance({first.get(), second.get()}, embeddings_.narrow(0, 3, 2));
  ASSERT_TRUE(logits[0] && logits[1]);
  EXPECT_NEAR(logits[0]->logit, whole(3, 1), 1e-6);
  EXPECT_NEAR(logits[1]->logit, whole(4, 1), 1e-6);
  EXPECT_NE(logits[0]->logit, logits[1]->logit);
  EXPECT_FALSE(logits[0]->evidence);
}

TEST_F(MeanWindowsTest, RestartForgetsAllSamples) {
  const auto window = head_->make_window(3, 1);
  for (const std::int64_t row : {0, 1, 2}) give(*window, row);
  window->restart();
  EXPECT_FALSE(head_->partial(*window));
  EXPECT_FALSE(give(*window, 5));
  EXPECT_FALSE(give(*window, 6));
  EXPECT_NEAR(head_->partial(*window)->logit, whole(5, 2), 1e-6);
  EXPECT_NEAR(*give(*window, 7), whole(5, 3), 1e-6);
}

TEST_F(MeanWindowsTest, ExplainsTheSampleThatFills) {
  const auto window = head_->make_window(3, 1);
  give(*window, 0);
  EXPECT_EQ(head_->before_full(*window), nullptr);
  for (const std::int64_t row : {1, 2, 3, 4}) {
    const auto before = row >= 2 ? head_->before_full(*window) : nullptr;
    if (before) {
      at::Tensor embedding = embeddings_.narrow(0, row, 1).clone().requires_grad_();
      const at::Tensor logit = head_->logit_of(*before, embedding);
      EXPECT_NEAR(logit[0].item<double>(), whole(row - 2, 3), 1e-6);
      logit[0].backward();
      EXPECT_GT(embedding.grad().abs().max().item<double>(), 0);
    }
    give(*window, row);
  }
}

TEST_F(MeanWindowsTest, SizesOutOfRangeAreErrors) {
  EXPECT_THROW(head_->make_window(0, 1), Error);
  EXPECT_THROW(head_->make_window(1, 0), Error);
  EXPECT_THROW(mean_kind().check(mean_info(0), "made up"), Error);
  EXPECT_THROW(mean_kind().check(mean_info(1 << 20), "made up"), Error);
}

const std::vector<Evidence> kBoth(kEvidence.begin(), kEvidence.end());

// Embeddings of two numbers, which its rows take as they are: the seam's logit and the other's.
class TwoRowsTest : public testing::Test {
 protected:
  static std::shared_ptr<Head> plain_rows() {
    TensorSource source("made up",
                        {{"classifier.weight", at::eye(2)}, {"classifier.bias", at::zeros({2})}});
    auto head = mean_kind().make(source, mean_info(2, kBoth), at::kCPU, at::kFloat);
    source.require_empty();
    return head;
  }

  // float [N, 2] of N pairs.
  static at::Tensor rows(const std::vector<float>& numbers) {
    return at::tensor(numbers).view({-1, 2});
  }

  WindowLogit give(Window& window, float seam, float generated) {
    const auto found = head_->advance({&window}, rows({seam, generated}))[0];
    return found.value_or(WindowLogit{-1000});
  }

  std::shared_ptr<Head> head_ = plain_rows();
};

TEST_F(TwoRowsTest, AWindowHasTheMeanOfEachAndTheLargerSpeaks) {
  const auto window = head_->make_window(2, 1);
  give(*window, 1, 2);
  const WindowLogit generated = give(*window, -5, 4);
  ASSERT_TRUE(generated.evidence);
  EXPECT_EQ(*generated.evidence, (std::array{-2.0, 3.0}));
  EXPECT_EQ(generated.logit, 3);
  const WindowLogit seam = give(*window, 13, 0);
  ASSERT_TRUE(seam.evidence);
  EXPECT_EQ(*seam.evidence, (std::array{4.0, 2.0}));
  EXPECT_EQ(seam.logit, 4);
}

// Not the mean of the larger of each sample: a face is blended or generated through a window.
TEST_F(TwoRowsTest, TheLargerIsOfTheMeans) {
  const auto window = head_->make_window(2, 1);
  give(*window, 4, 0);
  EXPECT_EQ(give(*window, 0, 4).logit, 2);
}

TEST_F(TwoRowsTest, AWindowThatNeverFilledHasBoth) {
  const auto window = head_->make_window(5, 1);
  EXPECT_FALSE(head_->partial(*window));
  give(*window, 1, 2);
  const auto found = head_->partial(*window);
  ASSERT_TRUE(found && found->evidence);
  EXPECT_EQ(*found->evidence, (std::array{1.0, 2.0}));
  EXPECT_EQ(found->logit, 2);
}

TEST_F(TwoRowsTest, ManyWindowsGetTheirOwnRows) {
  const auto first = head_->make_window(1, 1);
  const auto second = head_->make_window(1, 1);
  const auto found = head_->advance({first.get(), second.get()}, rows({1, 2, 4, 3}));
  ASSERT_TRUE(found[0] && found[0]->evidence && found[1] && found[1]->evidence);
  EXPECT_EQ(*found[0]->evidence, (std::array{1.0, 2.0}));
  EXPECT_EQ(*found[1]->evidence, (std::array{4.0, 3.0}));
}

TEST_F(TwoRowsTest, WholeWindowsHaveBothKindsAndTheLarger) {
  const at::Tensor windows = rows({1, 2, -5, 4, 9, 0, 1, 0}).view({2, 2, 2});
  const at::Tensor kinds = head_->score_rows(windows);
  EXPECT_TRUE(kinds.equal(rows({-2, 3, 5, 0}))) << kinds;
  EXPECT_TRUE(head_->score_windows(windows).equal(at::tensor({3.F, 5.F})));
}

TEST_F(TwoRowsTest, TheLargerKindIsExplained) {
  const auto window = head_->make_window(2, 1);
  give(*window, 1, 2);
  const auto before = head_->before_full(*window);
  at::Tensor embedding = rows({-5, 4}).requires_grad_();
  const at::Tensor logit = head_->logit_of(*before, embedding);
  EXPECT_EQ(logit.sizes(), at::IntArrayRef({1}));
  EXPECT_EQ(logit.item<double>(), give(*window, -5, 4).logit);
  logit[0].backward();
  EXPECT_TRUE(embedding.grad().equal(rows({0, 0.5F}))) << embedding.grad();
}

TEST_F(TwoRowsTest, WhatIsNoNumberDoesNotHideBehindTheOther) {
  const float broken = std::nanf("");
  for (const auto& [seam, generated] : {std::pair{broken, 9.F}, std::pair{9.F, broken}}) {
    const auto window = head_->make_window(1, 1);
    EXPECT_TRUE(std::isnan(give(*window, seam, generated).logit)) << seam;
  }
}

// Embeddings of three numbers: a seam's logit and two of what generators leave.
TEST(ThreeRows, AKindHasTheLargestOfItsRows) {
  TensorSource source("made up",
                      {{"classifier.weight", at::eye(3)}, {"classifier.bias", at::zeros({3})}});
  const auto head = mean_kind().make(
      source, mean_info(3, {Evidence::kSeam, Evidence::kGenerated, Evidence::kGenerated}), at::kCPU,
      at::kFloat);
  const auto window = head->make_window(1, 1);
  const auto give = [&](const std::vector<float>& logits) {
    return head->advance({window.get()}, at::tensor(logits).view({1, 3}))[0].value();
  };
  const WindowLogit last = give({1, -2, 4});
  EXPECT_EQ(last.logit, 4);
  EXPECT_EQ(last.evidence, (std::array{1.0, 4.0}));
  const WindowLogit middle = give({1, 3, -4});
  EXPECT_EQ(middle.logit, 3);
  EXPECT_EQ(middle.evidence, (std::array{1.0, 3.0}));
  EXPECT_EQ(give({5, 3, -4}).logit, 5);
  for (const std::size_t broken : {0, 1, 2}) {
    std::vector<float> logits{9, 9, 9};
    logits[broken] = std::nanf("");
    EXPECT_TRUE(std::isnan(give(logits).logit)) << broken;
  }
  const at::Tensor windows = at::tensor({1.F, 2.F, 3.F, 3.F, 0.F, -1.F}).view({1, 2, 3});
  EXPECT_TRUE(head->score_rows(windows).equal(at::tensor({2.F, 1.F, 1.F}).view({1, 3})));
}

TEST(TwoRows, AreOfTheKindsThatTheFileNamesInAnyOrder) {
  TensorSource source("made up",
                      {{"classifier.weight", at::eye(2)}, {"classifier.bias", at::zeros({2})}});
  const auto head = mean_kind().make(source, mean_info(2, {Evidence::kGenerated, Evidence::kSeam}),
                                     at::kCPU, at::kFloat);
  const auto window = head->make_window(1, 1);
  const auto found = head->advance({window.get()}, at::tensor({3.F, 1.F}).view({1, 2}))[0];
  ASSERT_TRUE(found && found->evidence);
  EXPECT_EQ(*found->evidence, (std::array{1.0, 3.0}));
}

TEST(MeanInfo, NamesTheRowsInTheirOrder) {
  const std::vector<Evidence> three{Evidence::kSeam, Evidence::kGenerated, Evidence::kGenerated};
  EXPECT_EQ(mean_info(4, three).settings.at("evidence"), "seam,generated,generated");
  EXPECT_EQ(mean_info(4, kBoth).settings.at("evidence"), "seam,generated");
  EXPECT_EQ(mean_info(4).settings.count("evidence"), 0U);
}

TEST(MeanInfo, OtherRowsAreErrorsThatNameTheKey) {
  for (const std::string value :
       {"", "seam", "generated,generated", "seam,generated,", "seam, generated", "seam,generated,x",
        "seam,generated,seam,seam,seam", ",seam,generated"}) {
    HeadInfo info = mean_info(4, kBoth);
    info.settings["evidence"] = value;
    try {
      mean_kind().check(info, "made up");
      ADD_FAILURE() << "accepted: " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptModel);
      EXPECT_NE(std::string(error.what()).find("head.evidence"), std::string::npos) << error.what();
    }
  }
}

TEST(MeanInfo, RowsThatTheFileDoesNotHaveAreErrors) {
  for (const auto& kinds : {std::vector<Evidence>{}, kBoth}) {
    const std::int64_t rows = kinds.empty() ? 2 : 1;
    TensorSource source("made up", {{"classifier.weight", at::zeros({rows, 4})},
                                    {"classifier.bias", at::zeros({rows})}});
    EXPECT_THROW(mean_kind().make(source, mean_info(4, kinds), at::kCPU, at::kFloat), Error);
  }
}

std::shared_ptr<Head> no_head(const HeadInfo& info) {
  TensorSource source("made up", {});
  none_kind().check(info, "made up");
  return none_kind().make(source, info, at::kCPU, at::kFloat);
}

TEST(NoHead, TheLogitIsTheBackbonesOwn) {
  const auto head = no_head(none_info(1));
  EXPECT_EQ(head->embedding_size(), 1);
  const at::Tensor embeddings = at::tensor({1.F, 2.F, 6.F}).reshape({1, 3, 1});
  EXPECT_FLOAT_EQ(head->score_windows(embeddings)[0].item<float>(), 3);
}

TEST(NoHead, OfTwoClassesItIsTheFakesMinusTheOthers) {
  const at::Tensor embeddings = at::tensor({1.F, 4.F, 2.F, 3.F}).reshape({1, 2, 2});
  EXPECT_FLOAT_EQ(no_head(none_info(2))->score_windows(embeddings)[0].item<float>(), 2);
  EXPECT_FLOAT_EQ(no_head(none_info(2, 0))->score_windows(embeddings)[0].item<float>(), -2);
}

TEST(NoHead, SlidesAsAMeanDoes) {
  const auto head = no_head(none_info(2, 0));
  const auto window = head->make_window(2, 1);
  EXPECT_FALSE(head->advance({window.get()}, at::tensor({3.F, 1.F}).unsqueeze(0))[0]);
  const auto logit = head->advance({window.get()}, at::tensor({5.F, 1.F}).unsqueeze(0))[0];
  ASSERT_TRUE(logit);
  EXPECT_DOUBLE_EQ(logit->logit, 3);
  EXPECT_FALSE(logit->evidence);
}

TEST(NoHead, OtherClassesAreRefused) {
  EXPECT_THROW(none_info(3), Error);
  EXPECT_THROW(none_info(2, 2), Error);
  EXPECT_THROW(no_head({kNone, {{"embedding_size", "3"}, {kFakeIndex, "1"}}}), Error);
  EXPECT_THROW(no_head({kNone, {{"embedding_size", "2"}}}), Error) << "nothing is guessed";
}

}  // namespace
}  // namespace dfd
