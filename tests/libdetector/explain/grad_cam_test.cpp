// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Maps against PyTorch's autograd over the whole window, and what a map may look like.

#include "explain/grad_cam.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/formula.h"

namespace dfd {
namespace {

constexpr std::int64_t kWindow = 4;  // As in reference_maps.py.
constexpr auto kBoth = {ExplainMethod::kGradCam, ExplainMethod::kHiResCam};

// What reference_maps.py prints; null where Debian's python3-torch is missing.
nlohmann::json python_maps() {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) return {};
  const std::string command =
      "/usr/bin/python3 '" DFD_SOURCE "/tests/libdetector/explain/reference_maps.py'";
  std::string output;
  std::array<char, 4096> part{};
  FILE* pipe = popen(command.c_str(), "r");
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
  EXPECT_EQ(pclose(pipe), 0);
  return nlohmann::json::parse(output);
}

// The networks by formula, and a window of pictures up to its last.
class GradCamTest : public testing::Test {
 protected:
  GradCamTest()
      : crops_((2 * test::formula(9001, {kWindow, 3, 160, 160}) - 1).to(at::kFloat)),
        weights_(test::formula_weights(test::read_reference("lstm_head.json")["keys"], 2000)),
        backbone_(make_backbone()) {}

  static InceptionResnetV1 make_backbone() {
    TensorSource source(
        "formula",
        test::formula_weights(test::read_reference("inception_resnet_v1.json")["keys"], 0));
    return {source, ""};
  }

  Attribution explain_last(const LstmHead& head, ExplainMethod method) const {
    const c10::InferenceMode serving;
    const at::Tensor embeddings = backbone_.embed(crops_);
    const LaneStepper stepper(head);
    Lanes lanes(kWindow, 1);
    for (std::int64_t i = 0; i + 1 < kWindow; ++i) {
      EXPECT_FALSE(stepper.before_full(lanes));
      stepper.advance({&lanes}, embeddings.narrow(0, i, 1));
    }
    const auto before = stepper.before_full(lanes);
    const at::Tensor crop = crops_.narrow(0, kWindow - 1, 1);
    const Attribution found = explain(backbone_, head, crop, before.value(), method);
    const auto logit = stepper.advance({&lanes}, embeddings.narrow(0, kWindow - 1, 1))[0];
    EXPECT_NEAR(found.logit, logit.value(), 1e-5);
    return found;
  }

  LstmHead head() {
    TensorSource source("formula", weights_);
    return {source, HeadSizes{}, at::kCPU};
  }

  const c10::NoGradGuard no_grad_;
  at::Tensor crops_;
  TensorMap weights_;
  InceptionResnetV1 backbone_;
};

TEST_F(GradCamTest, AgreesWithPyTorch) {
  const nlohmann::json expected = python_maps();
  if (expected.is_null()) GTEST_SKIP() << "python3-torch is not installed";
  const auto expect_maps = [&](const char* weights) {
    for (const ExplainMethod method : kBoth) {
      const Attribution found = explain_last(head(), method);
      EXPECT_NEAR(found.logit, expected["logit"].get<double>(), 1e-5);
      const auto map = expected[to_string(method)].get<std::vector<double>>();
      ASSERT_EQ(map.size(), found.map.size());
      for (std::size_t i = 0; i < map.size(); ++i) {
        EXPECT_NEAR(found.map[i], map[i], 1e-4) << weights << ", " << to_string(method) << " " << i;
      }
    }
  };
  expect_maps("batch norms apart");
  backbone_.fold(at::kCPU);
  expect_maps("folded");
}

TEST_F(GradCamTest, AHeadThatHeedsNoPictureIsExplainedByNothing) {
  weights_["lstm.weight_ih_l0"] = at::zeros({2048, 512});
  for (const ExplainMethod method : kBoth) {
    EXPECT_EQ(explain_last(head(), method).map, Explanation::Map{});
  }
}

TEST_F(GradCamTest, AWindowOfOneSampleIsExplainedFromNothing) {
  const LstmHead head = this->head();
  const LaneStepper stepper(head);
  const at::Tensor crop = crops_.narrow(0, 0, 1);
  Lanes lanes(1, 2);
  ASSERT_TRUE(stepper.before_full(lanes));
  const Attribution found =
      explain(backbone_, head, crop, *stepper.before_full(lanes), ExplainMethod::kGradCam);
  const auto logits = stepper.advance({&lanes}, backbone_.embed(crop));
  EXPECT_NEAR(found.logit, logits[0].value(), 1e-5);
  EXPECT_FALSE(stepper.before_full(lanes)) << "with a stride of two the next fills nothing";
}

TEST_F(GradCamTest, HalfTheBitsExplainAlike) {
  const at::Tensor crop = crops_.narrow(0, 0, 1);
  const auto map = [&](at::ScalarType type) {
    TensorSource source("formula", weights_);
    const LstmHead head(source, HeadSizes{}, at::kCPU, type);
    InceptionResnetV1 backbone = make_backbone();
    backbone.fold(at::kCPU, type);
    const LstmState before = *LaneStepper(head).before_full(Lanes(1, 1));
    return explain(backbone, head, crop, before, ExplainMethod::kGradCam).map;
  };
  const Explanation::Map expected = map(at::kFloat);
  const Explanation::Map found = map(at::kBFloat16);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.1) << i;
}

TEST_F(GradCamTest, AnotherInputSizeGivesEightByEightToo) {
  const LstmHead head = this->head();
  for (const std::int64_t side : {75, 224}) {
    const at::Tensor crop = (2 * test::formula(9001, {1, 3, side, side}) - 1).to(at::kFloat);
    const Lanes lanes(1, 1);
    const Attribution found = explain(backbone_, head, crop, *LaneStepper(head).before_full(lanes),
                                      ExplainMethod::kGradCam);
    EXPECT_EQ(*std::max_element(found.map.begin(), found.map.end()), 1.F) << side;
    EXPECT_GE(*std::min_element(found.map.begin(), found.map.end()), 0.F) << side;
  }
}

// Two channels; the first rises to the right and speaks for it, the second is flat and speaks
// against it in one corner.
struct Example {
  at::Tensor activations = at::stack({at::arange(8, at::kFloat).expand({8, 8}), at::ones({8, 8})});
  at::Tensor gradient = at::stack({at::ones({8, 8}), at::zeros({8, 8})});
  Example() { gradient[1][0][7] = -64; }
};

TEST(ActivationMap, GradCamWeighsChannelsAndHiResCamPlaces) {
  const Example example;
  const auto map = [&](ExplainMethod method) {
    return activation_map(example.activations, example.gradient, method);
  };
  // The mean of the second channel's gradient is -1: one less everywhere.
  const Explanation::Map grad_cam = map(ExplainMethod::kGradCam);
  const Explanation::Map hires_cam = map(ExplainMethod::kHiResCam);
  for (std::size_t x = 0; x < 8; ++x) {
    const auto column = static_cast<float>(x);
    EXPECT_FLOAT_EQ(grad_cam[x], std::max(0.F, column - 1) / 6);
    EXPECT_FLOAT_EQ(hires_cam[x], x == 7 ? 0 : column / 7);
    EXPECT_FLOAT_EQ(hires_cam[8 + x], column / 7);
  }
}

TEST(ActivationMap, AFlatMapStaysFlat) {
  const at::Tensor ones = at::ones({3, 8, 8});
  Explanation::Map full{};
  full.fill(1);
  for (const ExplainMethod method : kBoth) {
    EXPECT_EQ(activation_map(ones, ones, method), full);
    EXPECT_EQ(activation_map(ones, -ones, method), Explanation::Map{});
    EXPECT_EQ(activation_map(ones, at::zeros({3, 8, 8}), method), Explanation::Map{});
  }
}

TEST(ActivationMap, WhatIsNoNumberIsNoEvidence) {
  at::Tensor broken = at::ones({1, 8, 8});
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    broken[0][3][3] = value;
    EXPECT_EQ(activation_map(broken, at::ones({1, 8, 8}), ExplainMethod::kHiResCam),
              Explanation::Map{});
  }
}

TEST(ActivationMap, LargerMapsAreAveragedAndSmallerOnesInterpolated) {
  at::Tensor large = at::zeros({1, 16, 16});
  large[0].slice(0, 4, 6).slice(1, 6, 8).fill_(3);
  large[0][15][15] = 3;
  const Explanation::Map averaged =
      activation_map(large, at::ones_like(large), ExplainMethod::kHiResCam);
  EXPECT_FLOAT_EQ(averaged[2 * 8 + 3], 1);
  EXPECT_FLOAT_EQ(averaged[63], 0.25);
  at::Tensor small = at::zeros({1, 2, 2});
  small[0][1][0] = 5;
  const Explanation::Map interpolated =
      activation_map(small, at::ones_like(small), ExplainMethod::kHiResCam);
  EXPECT_FLOAT_EQ(interpolated[7 * 8], 1);
  EXPECT_FLOAT_EQ(interpolated[7], 0);
  EXPECT_GT(interpolated[5 * 8 + 3], 0);
  EXPECT_LT(interpolated[5 * 8 + 3], 1);
}

}  // namespace
}  // namespace dfd
