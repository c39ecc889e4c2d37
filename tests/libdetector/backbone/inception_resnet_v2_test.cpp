// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parity with timm: numbers made by it in float64 with weights by formula.

#include "backbone/inception_resnet_v2.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/conv_backbone.h"
#include "detector/error.h"
#include "support/formula.h"
#include "support/stages.h"

namespace dfd {
namespace {

// Of a stage's deviation, or of the largest feature.
constexpr double kTolerance = 1e-5;

const nlohmann::json& reference() {
  static const nlohmann::json kReference = test::read_reference("inception_resnet_v2.json");
  return kReference;
}

const TensorMap& formula_weights() {
  static const TensorMap kWeights = test::formula_weights(reference()["keys"], 0);
  return kWeights;
}

std::unique_ptr<Backbone> make_backbone(TensorMap tensors) {
  tensors.erase("classif.weight");
  tensors.erase("classif.bias");
  TensorSource source("formula", std::move(tensors));
  std::unique_ptr<Backbone> backbone = inception_resnet_v2_kind().make(source, "", {});
  source.require_empty();
  return backbone;
}

at::Tensor formula_input(std::uint32_t number, std::int64_t count, std::int64_t size) {
  return (test::formula(number, {count, 3, size, size}) * 2 - 1)
      .to(at::kFloat)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor logits_of(const at::Tensor& features) {
  return at::linear(features.to(at::kDouble),
                    formula_weights().at("classif.weight").to(at::kDouble),
                    formula_weights().at("classif.bias").to(at::kDouble));
}

class InceptionResnetV2 : public testing::Test {
 protected:
  const c10::NoGradGuard no_grad_;
};

// Which of the reference's stages were told, each as the reference has it.
std::set<std::string> compare_stages(const Backbone& backbone, const at::Tensor& input,
                                     const nlohmann::json& stages) {
  std::set<std::string> told;
  dynamic_cast<const ConvBackbone&>(backbone).embed(
      input, [&](const std::string& stage, const at::Tensor& out) {
        if (!stages.contains(stage)) return;
        told.insert(stage);
        test::expect_stage(stage, out, stages[stage], kTolerance);
      });
  return told;
}

TEST_F(InceptionResnetV2, EveryStageEqualsTimms) {
  const auto backbone = make_backbone(formula_weights());
  const auto& stages = reference()["stages"];
  EXPECT_EQ(compare_stages(*backbone, formula_input(9001, 2, 160), stages), test::names_of(stages));
  const auto& large = reference()["stages_299"];
  EXPECT_EQ(compare_stages(*backbone, formula_input(9002, 1, 299), large), test::names_of(large));
}

TEST_F(InceptionResnetV2, EveryFoldedStageEqualsTimms) {
  const auto backbone = make_backbone(formula_weights());
  backbone->fold(at::kCPU, at::kFloat);
  const auto& stages = reference()["stages"];
  EXPECT_EQ(compare_stages(*backbone, formula_input(9001, 2, 160), stages), test::names_of(stages));
}

TEST_F(InceptionResnetV2, FeaturesAndLogitsEqualTimms) {
  const auto plain = make_backbone(formula_weights());
  const auto served = make_backbone(formula_weights());
  served->fold(at::kCPU, at::kFloat);
  for (const Backbone* backbone : {plain.get(), served.get()}) {
    const at::Tensor features = backbone->embed(formula_input(9001, 2, 160));
    EXPECT_EQ(features.size(1), backbone->embedding_size());
    EXPECT_LE(test::relative_difference(features, test::rows_of(reference()["out"]["features"])),
              kTolerance);
    EXPECT_LE(
        test::relative_difference(logits_of(features), test::rows_of(reference()["out"]["logits"])),
        kTolerance);
    const at::Tensor large = backbone->embed(formula_input(9002, 1, 299));
    EXPECT_LE(test::relative_difference(logits_of(large),
                                        test::rows_of(reference()["out"]["logits_299"])),
              kTolerance);
  }
}

TEST_F(InceptionResnetV2, NamesItsTensorsAsTimmDoes) {
  const TensorMap tensors = make_backbone(formula_weights())->tensors();
  EXPECT_EQ(tensors.size() + 2, reference()["keys"].size());  // Without the classifier's.
  for (const auto& entry : reference()["keys"]) {
    const auto name = entry[0].get<std::string>();
    EXPECT_EQ(tensors.count(name), name.rfind("classif.", 0) == 0 ? 0U : 1U) << name;
  }
}

TEST_F(InceptionResnetV2, HasAsManyWeightsAsItsHeaderSays) {
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : inception_resnet_v2_kind().random_weights(1, {})) {
    if (name.find(".running_") == std::string::npos) numbers += tensor.numel();
  }
  EXPECT_EQ(numbers, 54306464);
}

// In all sizes of batches and teams, where each thread has some rows of a map: those at the edge of
// its part have neighbours in another's.
TEST_F(InceptionResnetV2, PlansGiveWhatLibTorchGives) {
  const auto plain = make_backbone(formula_weights());
  const at::Tensor crops = formula_input(9003, 5, 96);
  const at::Tensor expected = plain->embed(crops);
  const int threads = at::get_num_threads();
  for (const int team : {1, 3}) {
    at::set_num_threads(team);
    const auto served = make_backbone(formula_weights());
    served->fold(at::kCPU, at::kFloat);
    for (const std::int64_t count : {1, 2, 5}) {
      const at::Tensor found = served->embed(crops.narrow(0, 0, count));
      EXPECT_LE(test::largest(found - expected.narrow(0, 0, count)),
                kTolerance * test::largest(expected))
          << count << " crops, " << team << " threads";
    }
  }
  at::set_num_threads(threads);
}

TEST_F(InceptionResnetV2, HalfTheBitsKeepTheDirection) {
  const auto plain = make_backbone(formula_weights());
  const auto served = make_backbone(formula_weights());
  served->fold(at::kCPU, at::kBFloat16);
  const at::Tensor crops = formula_input(9003, 3, 96);
  const at::Tensor found = served->embed(crops);
  EXPECT_EQ(found.scalar_type(), at::kFloat);
  const at::Tensor similarity = at::cosine_similarity(plain->embed(crops), found, 1);
  EXPECT_GT(similarity.min().item<double>(), 0.99);
  EXPECT_LT(similarity.min().item<double>(), 1 - 1e-7) << "nothing was rounded";
}

TEST_F(InceptionResnetV2, IsExplainedAtAMapOfManyPlaces) {
  const auto backbone = make_backbone(formula_weights());
  const at::Tensor crops = formula_input(9001, 1, 160);
  const at::Tensor map = backbone->feature_map(crops);
  EXPECT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{1, 1088, 8, 8}));
  const at::Tensor embedding = backbone->embed(crops);
  EXPECT_LE(test::largest(backbone->embed_map(map) - embedding),
            kTolerance * test::largest(embedding));
}

TEST_F(InceptionResnetV2, TheSmallestAndTheLargestSizeAreTheKinds) {
  const BackboneKind kind = inception_resnet_v2_kind();
  const auto backbone = make_backbone(formula_weights());
  EXPECT_EQ(backbone->embed(formula_input(9005, 1, kind.least_size)).size(1), 1536);
  EXPECT_EQ(kind.input.size, 299);
  EXPECT_EQ(kind.most_size, 1024);
}

TEST_F(InceptionResnetV2, MissingTensorIsNamed) {
  TensorMap tensors = formula_weights();
  tensors.erase("mixed_5b.branch3.1.conv.weight");
  try {
    make_backbone(tensors);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find("mixed_5b.branch3.1.conv.weight"), std::string::npos);
  }
}

}  // namespace
}  // namespace dfd
