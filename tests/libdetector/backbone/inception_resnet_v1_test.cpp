// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parity with facenet-pytorch: numbers made by it in float64 with weights by formula.

#include "backbone/inception_resnet_v1.h"

#include <map>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/formula.h"

namespace dfd {
namespace {

// The largest difference allowed between float32 and the float64 reference.
constexpr double kTolerance = 2e-6;

const nlohmann::json& reference() {
  static const nlohmann::json kReference = test::read_reference("inception_resnet_v1.json");
  return kReference;
}

InceptionResnetV1 formula_backbone() {
  TensorSource source("formula", test::formula_weights(reference()["keys"], 0));
  InceptionResnetV1 backbone(source, "");
  source.require_empty();
  return backbone;
}

at::Tensor formula_input() {
  return (test::formula(9001, {2, 3, 160, 160}) * 2 - 1).to(at::kFloat);
}

at::Tensor expected_embedding() {
  std::vector<at::Tensor> rows;
  for (const auto& row : reference()["embedding"]) {
    rows.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
  }
  return at::stack(rows);
}

double largest_difference(const at::Tensor& embedding) {
  return (embedding.to(at::kDouble) - expected_embedding()).abs().max().item<double>();
}

TEST(InceptionResnetV1, EmbeddingEqualsFacenets) {
  const c10::NoGradGuard no_grad;
  EXPECT_LE(largest_difference(formula_backbone().embed(formula_input())), kTolerance);
}

TEST(InceptionResnetV1, FoldedEmbeddingEqualsFacenets) {
  const c10::NoGradGuard no_grad;
  InceptionResnetV1 backbone = formula_backbone();
  backbone.fold(at::kCPU);
  const at::Tensor input = formula_input().contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_LE(largest_difference(backbone.embed(input)), kTolerance);
}

TEST(InceptionResnetV1, EveryStageEqualsFacenets) {
  const c10::NoGradGuard no_grad;
  std::size_t stages = 0;
  formula_backbone().embed(formula_input(), [&](const std::string& told, const at::Tensor& out) {
    // The last stages are called alike in all networks.
    const std::string stage = told == "mean"        ? "avgpool_1a"
                              : told == "embedding" ? "last_bn"
                                                    : told;
    ASSERT_TRUE(reference()["stages"].contains(stage)) << stage;
    const auto& expected = reference()["stages"][stage];
    ++stages;
    EXPECT_EQ(out.sizes().vec(), expected["shape"].get<std::vector<std::int64_t>>()) << stage;
    const at::Tensor values = out.to(at::kDouble);
    EXPECT_NEAR(values.mean().item<double>(), expected["mean"].get<double>(), 1e-4) << stage;
    EXPECT_NEAR(values.std().item<double>(), expected["std"].get<double>(), 1e-4) << stage;
    const at::Tensor flat = values.flatten();
    const auto first = expected["first"].get<std::vector<double>>();
    for (std::size_t i = 0; i < first.size(); ++i) {
      EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), first[i], 1e-3) << stage;
    }
  });
  EXPECT_EQ(stages, reference()["stages"].size());
}

TEST(InceptionResnetV1, NamesItsTensorsAsPyTorchDoes) {
  const TensorMap tensors = formula_backbone().tensors();
  EXPECT_EQ(tensors.size(), reference()["keys"].size());
  for (const auto& entry : reference()["keys"]) {
    EXPECT_EQ(tensors.count(entry[0].get<std::string>()), 1U) << entry[0];
  }
}

TEST(InceptionResnetV1, ResultDoesNotDependOnTheBatch) {
  const c10::NoGradGuard no_grad;
  InceptionResnetV1 backbone = formula_backbone();
  backbone.fold(at::kCPU);
  const at::Tensor input = formula_input().contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor alone = backbone.embed(input.narrow(0, 1, 1));
  EXPECT_LE((alone - backbone.embed(input).narrow(0, 1, 1)).abs().max().item<double>(), 1e-6);
}

// What serving runs on the CPU, batch after batch, against LibTorch's operators on the same
// weights.
TEST(InceptionResnetV1, PlansOfAllBatchSizesGiveTheSame) {
  const c10::NoGradGuard no_grad;
  InceptionResnetV1 plain = formula_backbone();
  InceptionResnetV1 served = formula_backbone();
  served.fold(at::kCPU);
  const at::Tensor crops = (test::formula(9003, {7, 3, 96, 96}) * 2 - 1).to(at::kFloat);
  const at::Tensor expected = plain.embed(crops);
  // A larger batch moves the memory of those before it.
  for (const std::int64_t count : {1, 7, 2, 5, 1, 4, 3, 7}) {
    const at::Tensor embeddings = served.embed(crops.narrow(0, 0, count));
    EXPECT_LE((embeddings - expected.narrow(0, 0, count)).abs().max().item<double>(), kTolerance)
        << count;
  }
}

TEST(InceptionResnetV1, TeamsOfAnySizeGiveTheSame) {
  const c10::NoGradGuard no_grad;
  const InceptionResnetV1 plain = formula_backbone();
  const at::Tensor crops = (test::formula(9003, {8, 3, 96, 96}) * 2 - 1).to(at::kFloat);
  const at::Tensor expected = plain.embed(crops);
  const int threads = at::get_num_threads();
  for (const int team : {1, 2, 3, 5}) {
    at::set_num_threads(team);
    InceptionResnetV1 served = formula_backbone();
    served.fold(at::kCPU);
    for (const std::int64_t count : {1, 2, 8}) {
      const at::Tensor embeddings = served.embed(crops.narrow(0, 0, count));
      EXPECT_LE((embeddings - expected.narrow(0, 0, count)).abs().max().item<double>(), kTolerance)
          << count << " crops, " << team << " threads";
    }
    EXPECT_EQ(at::get_num_threads(), team);
  }
  at::set_num_threads(threads);
}

TEST(InceptionResnetV1, CropsOfTwoSizesDoNotDisturbEachOther) {
  const c10::NoGradGuard no_grad;
  InceptionResnetV1 served = formula_backbone();
  served.fold(at::kCPU);
  const at::Tensor large = (test::formula(9003, {2, 3, 128, 128}) * 2 - 1).to(at::kFloat);
  const at::Tensor small = (test::formula(9004, {4, 3, 96, 96}) * 2 - 1).to(at::kFloat);
  const at::Tensor before = served.embed(large);
  served.embed(small);
  EXPECT_TRUE(served.embed(large).equal(before));
}

// Where the CPU has no bfloat16, LibTorch's operators compute it, slowly, with the same roundings.
TEST(InceptionResnetV1, HalfTheBitsKeepTheDirection) {
  const c10::NoGradGuard no_grad;
  // Waves of different length and direction: pictures, not noise.
  const at::Tensor place = at::arange(160, at::kFloat) / 160;
  std::vector<at::Tensor> pictures;
  for (int i = 0; i < 8; ++i) {
    const at::Tensor phase =
        place.view({1, 160}) * (3 + 2 * i) + place.view({160, 1}) * (20 - 2 * i);
    pictures.push_back(at::stack({at::sin(phase), at::cos(phase * 2), at::sin(phase + i)}));
  }
  const at::Tensor crops = at::stack(pictures);
  const auto calibrated = [&] {
    TensorSource source("random", InceptionResnetV1::random_weights(7));
    InceptionResnetV1 backbone(source, "");
    backbone.calibrate(crops);
    return backbone;
  };
  InceptionResnetV1 reference = calibrated();
  reference.fold(at::kCPU);
  InceptionResnetV1 served = calibrated();
  served.fold(at::kCPU, at::kBFloat16);
  const at::Tensor some = crops.narrow(0, 3, 2);
  const at::Tensor embeddings = served.embed(some);
  EXPECT_EQ(embeddings.scalar_type(), at::kFloat);
  const at::Tensor cosines = (embeddings * reference.embed(some)).sum(1);
  // Processors add up in different orders: 0.9945 was the least seen (AMD, AVX512-BF16).
  EXPECT_GE(cosines.min().item<double>(), 0.99);
  EXPECT_LT(cosines.min().item<double>(), 1 - 1e-7) << "nothing was rounded";
}

TEST(InceptionResnetV1, MissingTensorIsNamed) {
  TensorMap tensors = test::formula_weights(reference()["keys"], 0);
  tensors.erase("repeat_2.3.branch1.0.conv.weight");
  TensorSource source("model.safetensors", tensors);
  try {
    const InceptionResnetV1 backbone(source, "");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find("repeat_2.3.branch1.0.conv.weight"),
              std::string::npos);
  }
}

TEST(InceptionResnetV1, CalibrationMakesRandomEmbeddingsDiffer) {
  const c10::NoGradGuard no_grad;
  const auto similarity = [](const InceptionResnetV1& backbone, const at::Tensor& crops) {
    const at::Tensor e = backbone.embed(crops);
    const at::Tensor cosines = e.matmul(e.t());
    const auto n = static_cast<double>(crops.size(0));
    return (cosines.sum().item<double>() - n) / (n * (n - 1));
  };
  const at::Tensor crops =
      formula_input().reshape({-1}).slice(0, 0, 4 * 3 * 96 * 96).view({4, 3, 96, 96}) *
      at::tensor({0.2F, 0.5F, 0.8F, 1.F}).view({4, 1, 1, 1});
  TensorSource source("random", InceptionResnetV1::random_weights(7));
  InceptionResnetV1 backbone(source, "");
  const double before = similarity(backbone, crops);
  backbone.calibrate(crops);
  const double after = similarity(backbone, crops);
  EXPECT_GT(before, 0.9);
  EXPECT_LT(after, 0.2);
}

TEST(InceptionResnetV1, RandomWeightsRepeat) {
  const TensorMap a = InceptionResnetV1::random_weights(3);
  const TensorMap b = InceptionResnetV1::random_weights(3);
  const TensorMap c = InceptionResnetV1::random_weights(4);
  const char* name = "mixed_6a.branch0.conv.weight";
  EXPECT_TRUE(a.at(name).equal(b.at(name)));
  EXPECT_FALSE(a.at(name).equal(c.at(name)));
}

}  // namespace
}  // namespace dfd
