// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parity with torchvision: numbers made by it in float64 with weights by formula.

#include "backbone/video_resnet.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/conv_backbone.h"
#include "detector/error.h"
#include "support/formula.h"
#include "support/stages.h"

namespace dfd {
namespace {

// Of a stage's deviation, or of the largest logit.
constexpr double kTolerance = 1e-5;

const nlohmann::json& reference(const std::string& name) {
  static const nlohmann::json kReference = test::read_reference("video_resnet_3d.json");
  return kReference[name];
}

TensorMap formula_weights(const std::string& name) {
  return test::formula_weights(reference(name)["keys"], 0);
}

std::unique_ptr<Backbone> make_backbone(const std::string& name, TensorMap tensors,
                                        const Metadata& settings) {
  TensorSource source("formula", std::move(tensors));
  std::unique_ptr<Backbone> backbone = backbone_kind(name, "formula").make(source, "", settings);
  source.require_empty();
  return backbone;
}

// With its classifier.
std::unique_ptr<Backbone> make_classifier(const std::string& name, int frames) {
  return make_backbone(name, formula_weights(name),
                       {{kFrames, std::to_string(frames)}, {kClasses, "2"}});
}

// Without.
std::unique_ptr<Backbone> make_features(const std::string& name, int frames) {
  TensorMap tensors = formula_weights(name);
  tensors.erase("fc.weight");
  tensors.erase("fc.bias");
  return make_backbone(name, std::move(tensors), {{kFrames, std::to_string(frames)}});
}

// The reference's inputs are [N, 3, T, S, S].
at::Tensor formula_clips(std::uint32_t number, const std::vector<std::int64_t>& shape) {
  return (test::formula(number, shape) * 2 - 1).to(at::kFloat).permute({0, 2, 1, 3, 4});
}

class VideoResnet : public testing::TestWithParam<const char*> {
 protected:
  const c10::NoGradGuard no_grad_;
};

// Of the reference's stages those that were told, each as the reference has it.
std::set<std::string> compare_stages(const Backbone& backbone, const nlohmann::json& about) {
  std::set<std::string> told;
  const auto input = about["input"].get<std::vector<std::int64_t>>();
  const auto probe = [&](const std::string& stage, const at::Tensor& out) {
    const std::string name = stage == "mean" ? "avgpool" : stage;
    if (!about["stages"].contains(name)) return;
    told.insert(name);
    test::expect_stage(name, out, about["stages"][name], kTolerance);
  };
  dynamic_cast<const ConvBackbone&>(backbone).embed(formula_clips(9001, input), probe);
  return told;
}

TEST_P(VideoResnet, EveryStageEqualsTorchvisions) {
  const auto& about = reference(GetParam());
  const auto backbone = make_classifier(GetParam(), 16);
  EXPECT_EQ(compare_stages(*backbone, about), test::names_of(about["stages"]));
}

TEST_P(VideoResnet, EveryFoldedStageEqualsTorchvisions) {
  const auto& about = reference(GetParam());
  const auto backbone = make_classifier(GetParam(), 16);
  backbone->fold(at::kCPU, at::kFloat);
  EXPECT_EQ(compare_stages(*backbone, about), test::names_of(about["stages"]));
}

TEST_P(VideoResnet, LogitsEqualTorchvisions) {
  const auto& about = reference(GetParam());
  for (const bool second : {false, true}) {
    const auto shape = about[second ? "input_2" : "input"].get<std::vector<std::int64_t>>();
    const at::Tensor clips = formula_clips(second ? 9002 : 9001, shape);
    const at::Tensor expected = test::rows_of(about[second ? "logits_2" : "logits"]);
    const auto backbone = make_classifier(GetParam(), static_cast<int>(shape[2]));
    EXPECT_EQ(backbone->clip_length(), shape[2]);
    EXPECT_EQ(backbone->embedding_size(), 2);
    EXPECT_LE(test::relative_difference(backbone->embed(clips), expected), kTolerance);
    backbone->fold(at::kCPU, at::kFloat);
    EXPECT_LE(test::relative_difference(backbone->embed(clips), expected), kTolerance);
  }
}

TEST_P(VideoResnet, WithoutClassesItGivesWhatTheClassifierWouldTake) {
  const auto& about = reference(GetParam());
  const at::Tensor features =
      make_features(GetParam(), 8)
          ->embed(formula_clips(9002, about["input_2"].get<std::vector<std::int64_t>>()));
  EXPECT_EQ(features.sizes().vec(), (std::vector<std::int64_t>{2, 512}));
  const TensorMap weights = formula_weights(GetParam());
  const at::Tensor logits = at::linear(features, weights.at("fc.weight"), weights.at("fc.bias"));
  EXPECT_LE(test::relative_difference(logits, test::rows_of(about["logits_2"])), kTolerance);
}

TEST_P(VideoResnet, NamesItsTensorsAsTorchvisionDoes) {
  const auto& keys = reference(GetParam())["keys"];
  const TensorMap tensors = make_classifier(GetParam(), 16)->tensors();
  EXPECT_EQ(tensors.size(), keys.size());
  for (const auto& entry : keys) {
    EXPECT_EQ(tensors.count(entry[0].get<std::string>()), 1U) << entry[0];
  }
}

TEST_P(VideoResnet, HasAsManyWeightsAsItsHeaderSays) {
  const std::map<std::string, std::int64_t> expected{
      {kR3d18, 33166272}, {kMc318, 11490240}, {kR2Plus1d18, 31300125}};
  const BackboneKind& kind = backbone_kind(GetParam(), "test");
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : kind.random_weights(1, kind.settings)) {
    if (name.find(".running_") == std::string::npos) numbers += tensor.numel();
  }
  EXPECT_EQ(numbers, expected.at(GetParam()));
}

TEST_P(VideoResnet, HalfTheBitsKeepTheDirection) {
  const auto plain = make_features(GetParam(), 4);
  const auto served = make_features(GetParam(), 4);
  served->fold(at::kCPU, at::kBFloat16);
  const at::Tensor clips = formula_clips(9003, {2, 3, 4, 64, 64});
  const at::Tensor found = served->embed(clips);
  EXPECT_EQ(found.scalar_type(), at::kFloat);
  const at::Tensor similarity = at::cosine_similarity(plain->embed(clips), found, 1);
  EXPECT_GT(similarity.min().item<double>(), 0.99);
  EXPECT_LT(similarity.min().item<double>(), 1 - 1e-7) << "nothing was rounded";
}

TEST_P(VideoResnet, IsExplainedAtAMapOfManyPlaces) {
  const auto backbone = make_features(GetParam(), 8);
  ASSERT_TRUE(backbone->has_feature_map());
  const at::Tensor clips = formula_clips(9001, {1, 3, 8, 112, 112});
  at::Tensor map = backbone->feature_map(clips);
  const std::int64_t samples = GetParam() == std::string(kMc318) ? 8 : 2;
  EXPECT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{1, 256, samples, 14, 14}));
  const at::Tensor embedding = backbone->embed(clips);
  EXPECT_LE(test::relative_difference(backbone->embed_map(map), embedding.to(at::kDouble)),
            kTolerance);
  const c10::AutoGradMode on(true);
  map.requires_grad_();
  backbone->embed_map(map).sum().backward();
  EXPECT_GT(test::largest(map.grad()), 0);
}

TEST_P(VideoResnet, ShortAndSmallClipsPass) {
  const BackboneKind& kind = backbone_kind(GetParam(), "test");
  const std::int64_t size = kind.least_size;
  const auto backbone = make_features(GetParam(), 1);
  const at::Tensor clips = formula_clips(9004, {3, 3, 1, size, size});
  EXPECT_EQ(backbone->embed(clips).sizes().vec(), (std::vector<std::int64_t>{3, 512}));
}

TEST_P(VideoResnet, ClipsOfAnotherLengthAreRefused) {
  const auto backbone = make_features(GetParam(), 2);
  EXPECT_THROW(backbone->embed(formula_clips(9004, {1, 3, 3, 16, 16})), Error);
  EXPECT_THROW(backbone->embed(at::zeros({1, 3, 16, 16})), Error);
}

TEST_P(VideoResnet, CalibrationTakesStatisticsOverTimeToo) {
  const BackboneKind& kind = backbone_kind(GetParam(), "test");
  const Metadata settings{{kFrames, "4"}};
  const auto backbone = make_backbone(GetParam(), kind.random_weights(1, settings), settings);
  const at::Tensor clips = formula_clips(9005, {2, 3, 4, 32, 32});
  backbone->calibrate(clips);
  const at::Tensor stem =
      at::conv3d(clips.permute({0, 2, 1, 3, 4}), backbone->tensors().at("stem.0.weight"), {},
                 at::IntArrayRef{1, 2, 2},
                 at::IntArrayRef{GetParam() == std::string(kR2Plus1d18) ? 0 : 1, 3, 3});
  EXPECT_TRUE(at::allclose(backbone->tensors().at("stem.1.running_mean"), stem.mean({0, 2, 3, 4}),
                           1e-4, 1e-5));
}

TEST_P(VideoResnet, TrainingReachesEveryWeightAndTellsStatistics) {
  const auto backbone = make_classifier(GetParam(), 4);
  const c10::AutoGradMode on(true);
  const TensorMap tensors = backbone->tensors();
  std::set<std::string> trained;
  for (const auto& layer : backbone->trainable_layers()) {
    for (const std::string& name : layer) {
      tensors.at(name).requires_grad_();
      trained.insert(name);
    }
  }
  NormStatisticsMap statistics;
  const at::Tensor clips = formula_clips(9006, {2, 3, 4, 32, 32});
  const at::Tensor logits = backbone->embed_training(clips, statistics);
  (logits * at::tensor({1.0F, -2.0F})).sum().backward();
  for (const auto& [name, tensor] : tensors) {
    const bool kept = name.find(".running_") != std::string::npos;
    EXPECT_EQ(trained.count(name), kept ? 0U : 1U) << name;
    if (!kept) {
      EXPECT_GT(test::largest(tensor.grad()), 0) << name;
    } else if (name.find(".running_mean") != std::string::npos) {
      EXPECT_EQ(statistics.count(name.substr(0, name.rfind('.'))), 1U) << name;
    }
  }
  // With them it computes what it computed while it trained.
  const c10::NoGradGuard off;
  for (const auto& [norm, seen] : statistics) {
    tensors.at(norm + ".running_mean").copy_(seen.mean);
    tensors.at(norm + ".running_var").copy_(seen.variance);
  }
  EXPECT_LE(test::relative_difference(backbone->embed(clips), logits.to(at::kDouble)), 1e-3);
}

TEST_P(VideoResnet, MissingTensorIsNamed) {
  TensorMap tensors = formula_weights(GetParam());
  tensors.erase("layer2.0.downsample.1.running_var");
  try {
    make_backbone(GetParam(), tensors, {{kFrames, "16"}, {kClasses, "2"}});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find("layer2.0.downsample.1.running_var"),
              std::string::npos);
  }
}

TEST_P(VideoResnet, WrongSettingsAreRefusedByName) {
  const std::vector<std::pair<Metadata, std::string>> cases{
      {{}, "backbone.frames"},
      {{{kFrames, "0"}}, "backbone.frames"},
      {{{kFrames, "257"}}, "backbone.frames"},
      {{{kFrames, "many"}}, "backbone.frames"},
      {{{kFrames, "16"}, {kClasses, "3"}}, "backbone.classes"},
      {{{kFrames, "16"}, {kClasses, "0"}}, "backbone.classes"}};
  for (const auto& [settings, key] : cases) {
    try {
      make_backbone(GetParam(), formula_weights(GetParam()), settings);
      ADD_FAILURE() << "accepted, where " << key << " is wrong";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptModel);
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, VideoResnet, testing::Values(kR3d18, kMc318, kR2Plus1d18),
                         [](const auto& network) { return std::string(network.param); });

}  // namespace
}  // namespace dfd
