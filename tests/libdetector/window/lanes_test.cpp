// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The staggered lanes against float64 numbers of the seed recipe's own head, and against
// torch::nn::LSTM.

#include "window/lanes.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "detector/error.h"
#include "support/formula.h"

namespace dfd {
namespace {

constexpr int kLength = 20;
constexpr double kTolerance = 1e-5;

class LanesTest : public testing::Test {
 protected:
  LanesTest()
      : reference_(test::read_reference("lstm_head.json")),
        weights_(test::formula_weights(reference_["keys"], 2000)) {
    const at::Tensor raw = test::formula(9002, {60, 512}) * 2 - 1;
    embeddings_ = (raw / raw.norm(2, {1}, true)).to(at::kFloat);
    TensorSource source("formula", weights_);
    head_ = std::make_unique<LstmHead>(source, HeadSizes{}, at::kCPU);
  }

  // Logits of all full windows of one track, single steps.
  std::vector<double> slide(int stride) {
    const LaneStepper stepper(*head_);
    Lanes lanes(kLength, stride);
    std::vector<double> logits;
    for (std::int64_t i = 0; i < embeddings_.size(0); ++i) {
      const auto logit = stepper.advance({&lanes}, embeddings_.narrow(0, i, 1))[0];
      if (logit) logits.push_back(*logit);
    }
    return logits;
  }

  double expected(std::size_t window) const { return reference_["logits"][window].get<double>(); }

  const c10::NoGradGuard no_grad_;
  nlohmann::json reference_;
  TensorMap weights_;
  at::Tensor embeddings_;
  std::unique_ptr<LstmHead> head_;
};

TEST_F(LanesTest, SlidingGivesAllFortyOneWindows) {
  const std::vector<double> logits = slide(1);
  ASSERT_EQ(logits.size(), 41U);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    EXPECT_NEAR(logits[i], expected(i), kTolerance);
    const double probability = reference_["probabilities"][i].get<double>();
    EXPECT_NEAR(1 / (1 + std::exp(-logits[i])), probability, kTolerance);
  }
}

TEST_F(LanesTest, StrideGivesEveryNthWindow) {
  for (const int stride : {2, 3, 7, 20, 23}) {
    const std::vector<double> logits = slide(stride);
    ASSERT_EQ(logits.size(), static_cast<std::size_t>(40 / stride + 1)) << stride;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      EXPECT_NEAR(logits[i], expected(i * static_cast<std::size_t>(stride)), kTolerance) << stride;
    }
  }
}

TEST_F(LanesTest, TracksInOneBatchDoNotTouchEachOther) {
  const LaneStepper stepper(*head_);
  Lanes early(kLength, 1);
  Lanes late(kLength, 1);
  Lanes strided(kLength, 4);
  std::size_t early_windows = 0;
  std::size_t late_windows = 0;
  std::size_t strided_windows = 0;
  for (std::int64_t i = 0; i < 60; ++i) {
    std::vector<Lanes*> tracks{&early};
    std::vector<at::Tensor> rows{embeddings_[i]};
    if (i >= 5) {
      tracks.insert(tracks.begin(), &late);
      rows.insert(rows.begin(), embeddings_[i]);
    }
    if (i >= 11) {
      tracks.push_back(&strided);
      rows.push_back(embeddings_[i]);
    }
    const auto logits = stepper.advance(tracks, at::stack(rows));
    for (std::size_t j = 0; j < tracks.size(); ++j) {
      if (!logits[j]) continue;
      std::size_t window = 0;
      if (tracks[j] == &early) window = early_windows++;
      if (tracks[j] == &late) window = 5 + late_windows++;
      if (tracks[j] == &strided) window = 11 + 4 * strided_windows++;
      EXPECT_NEAR(*logits[j], expected(window), kTolerance);
    }
  }
  EXPECT_EQ(early_windows, 41U);
  EXPECT_EQ(late_windows, 36U);
  EXPECT_EQ(strided_windows, 8U);
}

TEST_F(LanesTest, EqualsTorchsOwnLstm) {
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(512, 512).num_layers(2).batch_first(true));
  for (auto& parameter : lstm->named_parameters()) {
    parameter.value().copy_(weights_.at("lstm." + parameter.key()));
  }
  const std::vector<double> logits = slide(1);
  for (const std::int64_t window : {0, 17, 40}) {
    const at::Tensor sequence = embeddings_.narrow(0, window, kLength).unsqueeze(0);
    const at::Tensor output = std::get<0>(lstm->forward(sequence)).select(1, kLength - 1);
    const double logit = head_->classify(output).item<double>();
    EXPECT_NEAR(logits[static_cast<std::size_t>(window)], logit, kTolerance);
  }
}

TEST_F(LanesTest, PartialIsTheLstmOverTheSamplesSoFar) {
  const LaneStepper stepper(*head_);
  Lanes lanes(kLength, 1);
  EXPECT_FALSE(stepper.partial(lanes));
  at::Tensor hidden = at::zeros({2, 1, 512});
  at::Tensor cell = at::zeros({2, 1, 512});
  for (std::int64_t i = 0; i < 7; ++i) {
    stepper.advance({&lanes}, embeddings_.narrow(0, i, 1));
    head_->step(embeddings_.narrow(0, i, 1), hidden, cell);
    ASSERT_TRUE(stepper.partial(lanes));
    EXPECT_NEAR(*stepper.partial(lanes), head_->classify(hidden[1]).item<double>(), kTolerance);
  }
  EXPECT_EQ(lanes.samples(), 7);
}

TEST_F(LanesTest, RestartForgets) {
  const LaneStepper stepper(*head_);
  Lanes lanes(kLength, 1);
  for (std::int64_t i = 0; i < 13; ++i) {
    stepper.advance({&lanes}, embeddings_.narrow(0, 59 - i, 1));
  }
  lanes.restart();
  EXPECT_FALSE(stepper.partial(lanes));
  std::optional<double> logit;
  for (std::int64_t i = 0; i < kLength; ++i) {
    EXPECT_FALSE(logit) << "a window before " << kLength << " samples";
    logit = stepper.advance({&lanes}, embeddings_.narrow(0, i, 1))[0];
  }
  ASSERT_TRUE(logit);
  EXPECT_NEAR(*logit, expected(0), kTolerance);
}

TEST_F(LanesTest, WindowOfOneSampleScoresEachSample) {
  const LaneStepper stepper(*head_);
  Lanes lanes(1, 1);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(stepper.advance({&lanes}, embeddings_.narrow(0, i, 1))[0]);
  }
}

TEST_F(LanesTest, HalfTheBitsKeepTheProbability) {
  TensorSource source("formula", weights_);
  const LstmHead rounded(source, HeadSizes{}, at::kCPU, at::kBFloat16);
  const LaneStepper stepper(rounded);
  Lanes lanes(kLength, 1);
  std::size_t window = 0;
  for (std::int64_t i = 0; i < embeddings_.size(0); ++i) {
    const auto logit = stepper.advance({&lanes}, embeddings_.narrow(0, i, 1))[0];
    if (!logit) continue;
    const double probability = reference_["probabilities"][window++].get<double>();
    EXPECT_NEAR(1 / (1 + std::exp(-*logit)), probability, 0.01);
  }
  EXPECT_EQ(window, 41U);
}

TEST(Lanes, RefusesAnImpossibleWindow) {
  EXPECT_THROW(Lanes(0, 1), Error);
  EXPECT_THROW(Lanes(20, 0), Error);
}

TEST_F(LanesTest, HeadOfWrongShapeIsRefused) {
  TensorMap weights = weights_;
  weights["classifier.0.weight"] = at::zeros({256, 511});
  TensorSource source("model.safetensors", weights);
  EXPECT_THROW(LstmHead(source, HeadSizes{}, at::kCPU), Error);
}

}  // namespace
}  // namespace dfd
