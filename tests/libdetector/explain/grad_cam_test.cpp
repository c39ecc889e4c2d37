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
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "backbone/inception_resnet_v1.h"
#include "support/formula.h"
#include "window/lstm_windows.h"

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

std::vector<float> nothing(int columns, int rows) {
  return std::vector<float>(static_cast<std::size_t>(columns * rows), 0.F);
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

  Attribution explain_last(const Head& head, ExplainMethod method) const {
    const c10::InferenceMode serving;
    const at::Tensor embeddings = backbone_.embed(crops_);
    const auto window = head.make_window(kWindow, 1);
    for (std::int64_t i = 0; i + 1 < kWindow; ++i) {
      EXPECT_FALSE(head.before_full(*window));
      head.advance({window.get()}, embeddings.narrow(0, i, 1));
    }
    const auto before = head.before_full(*window);
    const at::Tensor crop = crops_.narrow(0, kWindow - 1, 1);
    const Attribution found = explain(backbone_, head, crop, *before, method);
    const auto logit = head.advance({window.get()}, embeddings.narrow(0, kWindow - 1, 1))[0];
    EXPECT_NEAR(found.logit, logit.value().logit, 1e-5);
    return found;
  }

  std::shared_ptr<Head> head(at::ScalarType type = at::kFloat) {
    TensorSource source("formula", weights_);
    return make_lstm_windows(LstmHead(source, HeadSizes{}, at::kCPU, type));
  }

  // Of a window of one sample.
  Attribution explain_one(const Backbone& backbone, const Head& head, const at::Tensor& crop) {
    const auto before = head.before_full(*head.make_window(1, 1));
    return explain(backbone, head, crop, *before, ExplainMethod::kGradCam);
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
      const Attribution found = explain_last(*head(), method);
      EXPECT_NEAR(found.logit, expected["logit"].get<double>(), 1e-5);
      const auto map = expected[to_string(method)].get<std::vector<double>>();
      EXPECT_EQ(found.map.columns, 8);
      EXPECT_EQ(found.map.rows, 8);
      ASSERT_EQ(map.size(), found.map.cells.size());
      for (std::size_t i = 0; i < map.size(); ++i) {
        EXPECT_NEAR(found.map.cells[i], map[i], 1e-4)
            << weights << ", " << to_string(method) << " " << i;
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
    EXPECT_EQ(explain_last(*head(), method).map.cells, nothing(8, 8));
  }
}

TEST_F(GradCamTest, AWindowOfOneSampleIsExplainedFromNothing) {
  const auto head = this->head();
  const at::Tensor crop = crops_.narrow(0, 0, 1);
  const auto window = head->make_window(1, 2);
  const auto before = head->before_full(*window);
  ASSERT_TRUE(before);
  const Attribution found = explain(backbone_, *head, crop, *before, ExplainMethod::kGradCam);
  const auto logits = head->advance({window.get()}, backbone_.embed(crop));
  EXPECT_NEAR(found.logit, logits[0].value().logit, 1e-5);
  EXPECT_FALSE(head->before_full(*window)) << "with a stride of two the next fills nothing";
}

TEST_F(GradCamTest, HalfTheBitsExplainAlike) {
  const at::Tensor crop = crops_.narrow(0, 0, 1);
  const auto map = [&](at::ScalarType type) {
    InceptionResnetV1 backbone = make_backbone();
    backbone.fold(at::kCPU, type);
    return explain_one(backbone, *head(type), crop).map.cells;
  };
  const std::vector<float> expected = map(at::kFloat);
  const std::vector<float> found = map(at::kBFloat16);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 0.1) << i;
}

TEST_F(GradCamTest, AMapIsAsLargeAsTheNetworksOwn) {
  for (const auto& [side, places] : {std::pair(75, 3), std::pair(224, 12)}) {
    const at::Tensor crop = (2 * test::formula(9001, {1, 3, side, side}) - 1).to(at::kFloat);
    const Heatmap map = explain_one(backbone_, *head(), crop).map;
    EXPECT_EQ(map.columns, places);
    EXPECT_EQ(map.rows, places);
    ASSERT_EQ(map.cells.size(), static_cast<std::size_t>(places * places));
    EXPECT_EQ(*std::max_element(map.cells.begin(), map.cells.end()), 1.F) << side;
    EXPECT_GE(*std::min_element(map.cells.begin(), map.cells.end()), 0.F) << side;
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
    return activation_map(example.activations, example.gradient, method).cells;
  };
  // The mean of the second channel's gradient is -1: one less everywhere.
  const std::vector<float> grad_cam = map(ExplainMethod::kGradCam);
  const std::vector<float> hires_cam = map(ExplainMethod::kHiResCam);
  for (std::size_t x = 0; x < 8; ++x) {
    const auto column = static_cast<float>(x);
    EXPECT_FLOAT_EQ(grad_cam[x], std::max(0.F, column - 1) / 6);
    EXPECT_FLOAT_EQ(hires_cam[x], x == 7 ? 0 : column / 7);
    EXPECT_FLOAT_EQ(hires_cam[8 + x], column / 7);
  }
}

TEST(ActivationMap, AFlatMapStaysFlat) {
  const at::Tensor ones = at::ones({3, 8, 8});
  for (const ExplainMethod method : kBoth) {
    EXPECT_EQ(activation_map(ones, ones, method).cells, std::vector<float>(64, 1.F));
    EXPECT_EQ(activation_map(ones, -ones, method).cells, nothing(8, 8));
    EXPECT_EQ(activation_map(ones, at::zeros({3, 8, 8}), method).cells, nothing(8, 8));
  }
}

TEST(ActivationMap, WhatIsNoNumberIsNoEvidence) {
  at::Tensor broken = at::ones({1, 8, 8});
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    broken[0][3][3] = value;
    EXPECT_EQ(activation_map(broken, at::ones({1, 8, 8}), ExplainMethod::kHiResCam).cells,
              nothing(8, 8));
  }
}

TEST(ActivationMap, KeepsItsShape) {
  at::Tensor wide = at::zeros({1, 2, 5});
  wide[0][1][3] = 3;
  const Heatmap map = activation_map(wide, at::ones_like(wide), ExplainMethod::kHiResCam);
  EXPECT_EQ(map.columns, 5);
  EXPECT_EQ(map.rows, 2);
  std::vector<float> expected = nothing(5, 2);
  expected[8] = 1;
  EXPECT_EQ(map.cells, expected);
}

}  // namespace
}  // namespace dfd
