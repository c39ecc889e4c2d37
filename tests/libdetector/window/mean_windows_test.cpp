// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/mean_windows.h"

#include <memory>
#include <optional>
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
    return head_->advance({&window}, embeddings_.narrow(0, row, 1))[0];
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
  EXPECT_NEAR(*logits[0], whole(3, 1), 1e-6);
  EXPECT_NEAR(*logits[1], whole(4, 1), 1e-6);
  EXPECT_NE(*logits[0], *logits[1]);
}

TEST_F(MeanWindowsTest, RestartForgetsAllSamples) {
  const auto window = head_->make_window(3, 1);
  for (const std::int64_t row : {0, 1, 2}) give(*window, row);
  window->restart();
  EXPECT_FALSE(head_->partial(*window));
  EXPECT_FALSE(give(*window, 5));
  EXPECT_FALSE(give(*window, 6));
  EXPECT_NEAR(*head_->partial(*window), whole(5, 2), 1e-6);
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

}  // namespace
}  // namespace dfd
