// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parity with Hugging Face's VivitForVideoClassification: numbers made by it in float64 with
// weights by formula.

#include "backbone/vivit.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/vivit_network.h"
#include "detector/error.h"
#include "support/formula.h"
#include "support/memory_probe.h"
#include "support/stages.h"

namespace dfd {
namespace {

const nlohmann::json& reference(const std::string& name) {
  static const nlohmann::json kReference = test::read_reference("vivit_tiny.json");
  return kReference[name];
}

VivitConfig config_of(const nlohmann::json& about, const TensorMap& tensors) {
  const auto& json = about["config"];
  VivitConfig said;
  said.image_size = json["image_size"];
  said.heads = json["num_attention_heads"];
  said.activation = vivit_activation(json["hidden_act"], "reference");
  said.epsilon = json["layer_norm_eps"];
  return complete_vivit(said, tensors, "reference");
}

Vivit make_network(const VivitConfig& config, TensorMap tensors) {
  TensorSource source("formula", std::move(tensors));
  Vivit network(
      [&](const std::string& name, at::IntArrayRef shape) { return source.take(name, shape); }, "",
      config);
  source.require_empty();
  return network;
}

TensorMap formula_weights(const std::string& name) {
  return test::formula_weights(reference(name)["keys"], 0);
}

// In double.
Vivit make_reference(const std::string& name) {
  const TensorMap tensors = formula_weights(name);
  Vivit network = make_network(config_of(reference(name), tensors), tensors);
  network.to(at::kCPU, at::kDouble, at::kDouble);
  return network;
}

at::Tensor formula_clips(const std::vector<std::int64_t>& shape) {
  return (test::formula(9001, shape) * 2 - 1).to(at::kFloat).to(at::kDouble);
}

at::Tensor reference_clips() {
  return formula_clips(reference("tiny_two_labels")["input"].get<std::vector<std::int64_t>>());
}

TensorMap random_weights(const VivitConfig& config) {
  return vivit_kind().random_weights(1, to_settings(config, config.frames));
}

std::unique_ptr<Backbone> make_backbone(TensorMap tensors, const Metadata& settings) {
  TensorSource source("random", std::move(tensors));
  std::unique_ptr<Backbone> backbone = vivit_kind().make(source, "", settings);
  source.require_empty();
  return backbone;
}

VivitConfig tiny() {
  return config_of(reference("tiny_two_labels"), formula_weights("tiny_two_labels"));
}

// The reference's, whose weights are large enough to attend to something.
std::unique_ptr<Backbone> tiny_backbone(bool classes) {
  TensorMap tensors = formula_weights("tiny_two_labels");
  VivitConfig config = tiny();
  if (!classes) {
    config.labels.reset();
    tensors.erase("classifier.weight");
    tensors.erase("classifier.bias");
  }
  return make_backbone(std::move(tensors), to_settings(config, config.frames));
}

class VivitNetwork : public testing::TestWithParam<const char*> {
 protected:
  const c10::NoGradGuard no_grad_;
};
class VivitBackbone : public testing::Test {
 protected:
  const c10::NoGradGuard no_grad_;
};

constexpr double kTolerance = 1e-6;

TEST_P(VivitNetwork, LogitsAndLossEqualTheOriginals) {
  const auto& about = reference(GetParam());
  VivitRequest request;
  const auto labels = about["labels"].get<std::vector<double>>();
  request.labels = at::tensor(labels, at::kDouble);
  if (GetParam() == std::string("tiny_two_labels")) request.labels = request.labels.to(at::kLong);
  const VivitResult result = make_reference(GetParam()).forward(reference_clips(), request);
  EXPECT_LE(test::relative_difference(result.logits, test::rows_of(about["out"]["logits"])),
            kTolerance);
  EXPECT_NEAR(result.loss.item<double>(), about["out"]["loss"].get<double>(), kTolerance);
  EXPECT_TRUE(result.hidden_states.empty());
  EXPECT_TRUE(result.attentions.empty());
}

TEST_P(VivitNetwork, HiddenStatesAndAttentionsEqualTheOriginals) {
  const auto& out = reference(GetParam())["out"];
  VivitRequest request;
  request.output_hidden_states = true;
  request.output_attentions = true;
  const VivitResult result = make_reference(GetParam()).forward(reference_clips(), request);
  ASSERT_EQ(result.hidden_states.size(), out["hidden_states"].size());
  ASSERT_EQ(result.attentions.size(), out["attentions"].size());
  for (std::size_t i = 0; i < result.hidden_states.size(); ++i) {
    test::expect_stage("hidden state " + std::to_string(i), result.hidden_states[i],
                       out["hidden_states"][i], kTolerance);
  }
  for (std::size_t i = 0; i < result.attentions.size(); ++i) {
    test::expect_stage("attention " + std::to_string(i), result.attentions[i], out["attentions"][i],
                       kTolerance);
  }
  EXPECT_FALSE(result.loss.defined());
}

TEST_P(VivitNetwork, MaskedHeadsEqualTheOriginals) {
  const auto& out = reference(GetParam())["out"];
  const Vivit network = make_reference(GetParam());
  const auto difference = [&](const at::Tensor& mask, const char* expected, bool attentions) {
    VivitRequest request;
    request.head_mask = mask;
    request.output_attentions = attentions;
    return test::relative_difference(network.forward(reference_clips(), request).logits,
                                     test::rows_of(out[expected]));
  };
  at::Tensor one = at::ones({4});
  one[1] = 0;
  at::Tensor each = at::ones({3, 4});
  each[1][0] = 0;
  each[2][2] = 0;
  for (const bool attentions : {false, true}) {
    EXPECT_LE(difference(one, "logits_head_1_masked_in_all_layers", attentions), kTolerance);
    EXPECT_LE(difference(each, "logits_layer1_head0_and_layer2_head2_masked", attentions),
              kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(All, VivitNetwork, testing::Values("tiny_two_labels", "tiny_one_label"),
                         [](const auto& file) { return std::string(file.param); });

TEST(VivitForward, ReturnsMaskedAttention) {
  const Vivit network = make_reference("tiny_two_labels");
  VivitRequest request;
  request.output_attentions = true;
  request.head_mask = at::tensor({1, 0, 1, 1});
  const auto attentions = network.forward(reference_clips(), request).attentions;
  EXPECT_EQ(test::largest(attentions[0].select(1, 1)), 0);
  EXPECT_TRUE(at::allclose(attentions[0].select(1, 2).sum(-1), at::ones({2, 17}, at::kDouble)));
}

TEST(VivitForward, RefusesWhatDoesNotFit) {
  const Vivit network = make_reference("tiny_two_labels");
  const at::Tensor clips = reference_clips();
  const auto refused = [&](const at::Tensor& given, const VivitRequest& request) {
    try {
      network.forward(given, request);
      return std::string("accepted");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return std::string(error.what());
    }
  };
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_PRED2(contains, refused(formula_clips({1, 8, 3, 48, 48}), {}), "interpolate_pos_encoding");
  EXPECT_PRED2(contains, refused(formula_clips({1, 8, 3, 33, 32}), {}), "interpolate_pos_encoding");
  EXPECT_PRED2(contains, refused(formula_clips({1, 3, 8, 32, 32}), {}), "pixel_values");
  EXPECT_PRED2(contains, refused(formula_clips({1, 1, 3, 32, 32}), {}), "tokens");
  VivitRequest request;
  request.head_mask = at::ones({3});
  EXPECT_PRED2(contains, refused(clips, request), "head_mask");
  request = {};
  request.labels = at::tensor({0, 2}, at::kLong);
  EXPECT_PRED2(contains, refused(clips, request), "0 to 1");
  request.labels = at::tensor({0}, at::kLong);
  EXPECT_PRED2(contains, refused(clips, request), "labels");
  request.labels = at::tensor({0.0, 1.0});
  EXPECT_PRED2(contains, refused(clips, request), "int64");
}

TEST(VivitForward, PositionsFollowTimeHeightAndWidth) {
  VivitConfig config = tiny();
  TensorMap tensors = formula_weights("tiny_two_labels");
  tensors.at("vivit.embeddings.patch_embeddings.projection.weight").zero_();
  tensors.at("vivit.embeddings.patch_embeddings.projection.bias").zero_();
  // Numbers 0, 1 and 2 of a position say where it is: 4 times, 2 rows, 2 columns.
  at::Tensor table = tensors.at("vivit.embeddings.position_embeddings");
  table.zero_();
  const at::Tensor places = table[0].narrow(0, 1, 16).view({4, 2, 2, 48});
  places.select(3, 0).copy_(at::arange(4).view({4, 1, 1}).expand({4, 2, 2}));
  places.select(3, 1).copy_(at::arange(2).view({1, 2, 1}).expand({4, 2, 2}));
  places.select(3, 2).copy_(at::arange(2).view({1, 1, 2}).expand({4, 2, 2}));
  VivitRequest request;
  request.interpolate_pos_encoding = true;
  request.output_hidden_states = true;
  const auto found = make_network(config, tensors)
                         .forward(at::zeros({1, 16, 3, 64, 32}), request)
                         .hidden_states[0];
  ASSERT_EQ(found.size(1), 1 + 8 * 4 * 2);
  const at::Tensor grid = found[0].narrow(0, 1, 64).view({8, 4, 2, 48});
  // A table of n for 2 n places: place i is at (i + .5) / 2 - .5, held inside.
  const at::Tensor times = ((at::arange(8) + 0.5) / 2 - 0.5).clamp(0, 3);
  const at::Tensor rows = ((at::arange(4) + 0.5) / 2 - 0.5).clamp(0, 1);
  EXPECT_TRUE(at::allclose(grid.select(3, 0).select(1, 1).select(1, 0), times));
  EXPECT_TRUE(at::allclose(grid.select(3, 1).select(0, 5).select(1, 1), rows));
  EXPECT_TRUE(
      at::allclose(grid.select(3, 2).select(0, 5).select(0, 3), at::arange(2).to(at::kFloat)));
  EXPECT_TRUE(at::equal(found[0][0], tensors.at("vivit.embeddings.cls_token")[0][0]));
}

TEST(VivitForward, InterpolationToTheTablesOwnSizeChangesNothing) {
  const Vivit network = make_reference("tiny_two_labels");
  VivitRequest request;
  request.interpolate_pos_encoding = true;
  EXPECT_TRUE(at::equal(network.forward(reference_clips(), request).logits,
                        network.forward(reference_clips()).logits));
}

// As many tokens as the released network has, 3137, of few numbers each.
TEST(VivitForward, WholeAttentionExistsOnlyWhenAskedFor) {
  const c10::NoGradGuard no_grad;
  VivitConfig config;
  config.hidden_size = 16;
  config.heads = 4;
  config.layers = 1;
  config.intermediate_size = 16;
  config.labels = 2;
  const Vivit network = make_network(config, random_weights(config));
  const at::Tensor clip = formula_clips({1, 32, 3, 224, 224}).to(at::kFloat);
  constexpr std::int64_t kWhole = 4LL * 3137 * 3137 * 4;  // Bytes, 157 MB.
  constexpr std::int64_t kBlock = (1 << 23) * 4;
  at::Tensor logits;
  {
    const test::MemoryProbe probe;
    logits = network.forward(clip).logits;
    EXPECT_GT(probe.largest(), kBlock / 2);
    EXPECT_LE(probe.largest(), kBlock);
    EXPECT_LE(probe.most(), kWhole);
  }
  {
    const test::MemoryProbe probe;
    network.rollout(clip);
    EXPECT_LE(probe.largest(), kBlock);
  }
  const test::MemoryProbe probe;
  VivitRequest request;
  request.output_attentions = true;
  const VivitResult whole = network.forward(clip, request);
  EXPECT_GE(probe.largest(), kWhole);
  EXPECT_LE(test::relative_difference(logits, whole.logits.to(at::kDouble)), 1e-5);
}

TEST_F(VivitBackbone, WithClassesItGivesTheLogits) {
  const auto backbone = tiny_backbone(true);
  EXPECT_EQ(backbone->clip_length(), 8);
  EXPECT_EQ(backbone->embedding_size(), 2);
  const at::Tensor logits = backbone->embed(reference_clips().to(at::kFloat));
  EXPECT_EQ(logits.scalar_type(), at::kFloat);
  EXPECT_LE(test::relative_difference(logits,
                                      test::rows_of(reference("tiny_two_labels")["out"]["logits"])),
            1e-5);
}

TEST_F(VivitBackbone, WithoutClassesItGivesWhatTheClassifierWouldTake) {
  const auto backbone = tiny_backbone(false);
  EXPECT_EQ(backbone->embedding_size(), 48);
  const at::Tensor token = backbone->embed(reference_clips().to(at::kFloat));
  ASSERT_EQ(token.sizes().vec(), (std::vector<std::int64_t>{2, 48}));
  const TensorMap weights = formula_weights("tiny_two_labels");
  const at::Tensor logits =
      at::linear(token, weights.at("classifier.weight"), weights.at("classifier.bias"));
  EXPECT_LE(test::relative_difference(logits,
                                      test::rows_of(reference("tiny_two_labels")["out"]["logits"])),
            1e-5);
}

TEST_F(VivitBackbone, TakesClipsOfOtherSizesThanItsTables) {
  VivitConfig config = tiny();
  const auto backbone = make_backbone(formula_weights("tiny_two_labels"), to_settings(config, 10));
  EXPECT_EQ(backbone->clip_length(), 10);
  const at::Tensor clips = formula_clips({1, 10, 3, 64, 64}).to(at::kFloat);
  EXPECT_EQ(backbone->embed(clips).sizes().vec(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(backbone->attention_map(clips).sizes().vec(), (std::vector<std::int64_t>{1, 4, 4}));
  EXPECT_THROW(backbone->embed(reference_clips().to(at::kFloat)), Error);
}

TEST_F(VivitBackbone, FoldedItGivesTheSame) {
  const auto plain = tiny_backbone(false);
  const auto served = tiny_backbone(false);
  served->fold(at::kCPU, at::kFloat);
  const at::Tensor clips = reference_clips().to(at::kFloat);
  EXPECT_TRUE(at::equal(served->embed(clips), plain->embed(clips)));
}

TEST_F(VivitBackbone, HalfTheBitsKeepTheDirection) {
  const auto plain = tiny_backbone(false);
  const auto served = tiny_backbone(false);
  served->fold(at::kCPU, at::kBFloat16);
  const at::Tensor clips = reference_clips().to(at::kFloat);
  const at::Tensor found = served->embed(clips);
  EXPECT_EQ(found.scalar_type(), at::kFloat);
  const at::Tensor similarity = at::cosine_similarity(plain->embed(clips), found, 1);
  EXPECT_GT(similarity.min().item<double>(), 0.99);
  EXPECT_LT(similarity.min().item<double>(), 1 - 1e-7) << "nothing was rounded";
  EXPECT_TRUE(at::allclose(served->attention_map(clips), plain->attention_map(clips), 0.1, 1e-3));
}

// The definition, with whole matrices.
TEST_F(VivitBackbone, AttentionMapIsTheRolloutOfTheNewestTokens) {
  VivitRequest request;
  request.output_attentions = true;
  const at::Tensor clips = reference_clips();
  const auto attentions = make_reference("tiny_two_labels").forward(clips, request).attentions;
  at::Tensor rolled = at::eye(17, at::kDouble).expand({2, 17, 17});
  for (const at::Tensor& attention : attentions) {
    at::Tensor mixed = attention.mean(1) + at::eye(17, at::kDouble);
    mixed = mixed / mixed.sum(-1, /*keepdim=*/true);
    rolled = at::matmul(mixed, rolled);
  }
  // 4 times of 2x2 tokens, after the class's.
  const at::Tensor expected = rolled.select(1, 0).narrow(1, 1 + 3 * 4, 4).view({2, 2, 2});
  const auto backbone = tiny_backbone(false);
  ASSERT_TRUE(backbone->has_attention());
  EXPECT_FALSE(backbone->has_feature_map());
  const at::Tensor found = backbone->attention_map(clips.to(at::kFloat));
  EXPECT_EQ(found.scalar_type(), at::kFloat);
  EXPECT_LE(test::relative_difference(found, expected), 1e-5);
  EXPECT_GE(found.min().item<double>(), 0);
}

TEST_F(VivitBackbone, NamesItsTensorsAsTheReleaseDoes) {
  const auto& keys = reference("tiny_two_labels")["keys"];
  const TensorMap tensors = tiny_backbone(true)->tensors();
  EXPECT_EQ(tensors.size(), keys.size());
  for (const auto& entry : keys) {
    EXPECT_EQ(tensors.count(entry[0].get<std::string>()), 1U) << entry[0];
  }
}

TEST_F(VivitBackbone, TheSmallOneHasAsManyWeightsAsItsHeaderSays) {
  const auto weights = [](const TensorMap& tensors) {
    std::int64_t numbers = 0;
    for (const auto& [name, tensor] : tensors) numbers += tensor.numel();
    return numbers;
  };
  const BackboneKind kind = vivit_kind();
  EXPECT_EQ(weights(kind.random_weights(1, kind.settings)), 3002688);
}

TEST_F(VivitBackbone, TrainingReachesEveryWeight) {
  const auto backbone = tiny_backbone(true);
  const c10::AutoGradMode on(true);
  const TensorMap tensors = backbone->tensors();
  std::size_t trained = 0;
  for (const auto& layer : backbone->trainable_layers()) {
    for (const std::string& name : layer) {
      tensors.at(name).requires_grad_();
      ++trained;
    }
  }
  EXPECT_EQ(trained, tensors.size());
  EXPECT_EQ(backbone->trainable_layers().size(), 3U + 3U);  // Tokens, layers, norm, classifier.
  const at::Tensor clips = reference_clips().to(at::kFloat);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    NormStatisticsMap statistics;
    const at::Tensor logits = backbone->embed_training(clips.to(type), statistics);
    EXPECT_EQ(logits.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::allclose(logits, backbone->embed(clips), 0.05, 0.05));
    (logits * at::tensor({1.0F, -2.0F})).sum().backward();
    EXPECT_TRUE(statistics.empty());
    for (const auto& [name, tensor] : tensors) {
      // A bias of all keys changes nothing that softmax sees.
      if (name.find("key.bias") == std::string::npos) {
        EXPECT_GT(test::largest(tensor.grad()), 0) << name;
      }
      EXPECT_EQ(tensor.grad().scalar_type(), at::kFloat) << name;
      tensor.mutable_grad().reset();
    }
  }
}

TEST_F(VivitBackbone, MissingTensorIsNamed) {
  TensorMap tensors = formula_weights("tiny_two_labels");
  const std::string name = "vivit.encoder.layer.2.attention.output.dense.bias";
  tensors.erase(name);
  try {
    make_backbone(tensors, to_settings(tiny(), 8));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
}

TEST_F(VivitBackbone, ARandomOneIsMadeAndMovesByItsSettings) {
  const BackboneKind kind = vivit_kind();
  const auto backbone = make_backbone(kind.random_weights(3, kind.settings), kind.settings);
  const at::Tensor found = backbone->embed(formula_clips({1, 8, 3, 112, 112}).to(at::kFloat));
  EXPECT_EQ(found.sizes().vec(), (std::vector<std::int64_t>{1, 192}));
  EXPECT_TRUE(at::isfinite(found).all().item<bool>());
}

}  // namespace
}  // namespace dfd
