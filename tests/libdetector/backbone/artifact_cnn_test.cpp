// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/artifact_cnn.h"

#include <memory>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/cpu_plans.h"
#include "detector/error.h"
#include "support/formula.h"

namespace dfd {
namespace {

std::unique_ptr<Backbone> make_backbone(const TensorMap& tensors) {
  TensorSource source("made up", tensors);
  std::unique_ptr<Backbone> backbone = artifact_cnn_kind().make(source, "", {});
  source.require_empty();
  return backbone;
}

// Batch norms as training leaves them, so that folding has something to do.
TensorMap trained_weights() {
  TensorMap tensors = artifact_cnn_kind().random_weights(5, {});
  std::uint32_t number = 100;
  for (auto& [name, tensor] : tensors) {
    if (tensor.dim() > 1) continue;
    tensor = (tensor + (test::formula(++number, tensor.sizes()) - 0.3) * 0.5).to(at::kFloat);
  }
  return tensors;
}

at::Tensor pictures(std::int64_t count, std::int64_t size) {
  return ((test::formula(9100, {count, 3, size, size}) * 255).round() - 127.5)
      .div(128)
      .to(at::kFloat)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

class ArtifactCnn : public testing::Test {
 protected:
  const c10::NoGradGuard no_grad_;
};

TEST_F(ArtifactCnn, HasAsManyWeightsAsItsHeaderSays) {
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : artifact_cnn_kind().random_weights(1, {})) {
    if (name.find(".running_") == std::string::npos) numbers += tensor.numel();
  }
  EXPECT_EQ(numbers, 733840);
}

TEST_F(ArtifactCnn, LeavesAnEighthOfThePictureAsItsMap) {
  const auto backbone = make_backbone(trained_weights());
  const at::Tensor crops = pictures(2, 128);
  const at::Tensor map = backbone->feature_map(crops);
  EXPECT_EQ(map.sizes().vec(), (std::vector<std::int64_t>{2, 384, 16, 16}));
  const at::Tensor embedding = backbone->embed(crops);
  EXPECT_EQ(embedding.sizes().vec(), (std::vector<std::int64_t>{2, 512}));
  EXPECT_EQ(backbone->embedding_size(), 512);
  EXPECT_LE(largest(backbone->embed_map(map) - embedding), 1e-5 * largest(embedding));
}

// What serving runs, in all sizes of batches and teams, against LibTorch's operators on the same
// weights.
TEST_F(ArtifactCnn, PlansGiveWhatLibTorchGives) {
  const auto plain = make_backbone(trained_weights());
  const int threads = at::get_num_threads();
  for (const std::int64_t size : {128, 136}) {  // 136 leaves 17 rows.
    const at::Tensor crops = pictures(5, size);
    const at::Tensor expected = plain->embed(crops);
    ASSERT_GT(largest(expected), 0.01);
    for (const int team : {1, 3}) {
      at::set_num_threads(team);
      const auto served = make_backbone(trained_weights());
      served->fold(at::kCPU, at::kFloat);
      for (const std::int64_t count : {1, 2, 5}) {
        SCOPED_TRACE(testing::Message() << size << " pixels, " << team << " threads, " << count);
        EXPECT_LE(largest(served->embed(crops.narrow(0, 0, count)) - expected.narrow(0, 0, count)),
                  2e-5 * largest(expected));
      }
    }
  }
  at::set_num_threads(threads);
}

TEST_F(ArtifactCnn, HalfTheBitsKeepTheDirection) {
  const auto plain = make_backbone(trained_weights());
  const auto served = make_backbone(trained_weights());
  served->fold(at::kCPU, at::kBFloat16);
  const at::Tensor crops = pictures(3, 128);
  const at::Tensor similarity = at::cosine_similarity(plain->embed(crops), served->embed(crops), 1);
  EXPECT_GT(similarity.min().item<double>(), 0.999);
}

// A level of difference in a pixel is seen, wherever the picture is on its way from black to white:
// the input's 256 levels are exact in bfloat16, and the filter takes their smooth part away.
TEST_F(ArtifactCnn, SmoothPicturesLeaveNoResidualAndOneLevelDoes) {
  const auto backbone = make_backbone(trained_weights());
  const at::Tensor ramp =
      at::arange(128, at::kFloat).view({1, 1, 1, 128}).expand({1, 3, 128, 128}).contiguous();
  const auto map_of = [&](const at::Tensor& levels) {
    return backbone->feature_map((levels - 127.5) / 128);
  };
  at::Tensor marked = ramp.clone();
  marked.index_put_({at::tensor({0L}), at::tensor({0L}), at::tensor({64L}), at::tensor({64L})},
                    65.0F);
  const at::Tensor change = (map_of(marked) - map_of(ramp)).abs().amax({0, 1});
  EXPECT_GT(change[8][8].item<double>(), 1e-3);
  // Within reach of the layers' windows only.
  EXPECT_EQ(change[0][15].item<double>(), 0);
}

TEST_F(ArtifactCnn, PicturesLevelsAreExactInHalfTheBits) {
  const InputRule input = artifact_cnn_kind().input;
  const at::Tensor levels = (at::arange(256, at::kFloat) - input.mean[0]) / input.std[0];
  EXPECT_EQ(largest(levels.to(at::kBFloat16).to(at::kFloat) - levels), 0);
}

// Gradients, statistics and what they leave alone.
class TrainedArtifactCnn : public testing::Test {
 protected:
  TrainedArtifactCnn()
      : backbone_(make_backbone(trained_weights())), layers_(backbone_->trainable_layers()) {}

  // Of the last so many layers.
  void unfreeze(std::size_t count) {
    const TensorMap tensors = backbone_->tensors();
    for (std::size_t i = layers_.size() - count; i < layers_.size(); ++i) {
      for (const std::string& name : layers_[i]) tensors.at(name).set_requires_grad(true);
    }
  }

  std::unique_ptr<Backbone> backbone_;
  std::vector<std::vector<std::string>> layers_;
  NormStatisticsMap statistics_;
};

TEST_F(TrainedArtifactCnn, GradientsReachEveryLayer) {
  EXPECT_EQ(layers_.size(), 14U);
  unfreeze(layers_.size());
  backbone_->embed_training(pictures(4, 128), statistics_).sum().backward();
  for (const auto& [name, tensor] : backbone_->tensors()) {
    if (name.find(".running_") != std::string::npos) continue;
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_GT(largest(tensor.grad()), 0) << name;
  }
  EXPECT_EQ(statistics_.size(), 13U);
}

// With the statistics that it gave back in the place of the kept ones, embed() gives the same.
TEST_F(TrainedArtifactCnn, GivesBackTheStatisticsThatItUsed) {
  unfreeze(layers_.size());
  const at::Tensor crops = pictures(4, 128);
  const at::Tensor trained = backbone_->embed_training(crops, statistics_).detach();
  const c10::NoGradGuard no_grad;
  EXPECT_GT(largest(backbone_->embed(crops) - trained), 0.01 * largest(trained));
  const TensorMap tensors = backbone_->tensors();
  for (const auto& [norm, of] : statistics_) {
    tensors.at(norm + ".running_mean").copy_(of.mean);
    tensors.at(norm + ".running_var").copy_(of.variance);
  }
  EXPECT_LE(largest(backbone_->embed(crops) - trained), 1e-4 * largest(trained));
}

TEST_F(TrainedArtifactCnn, FrozenLayersKeepTheirStatistics) {
  unfreeze(3);
  backbone_->embed_training(pictures(4, 128), statistics_).sum().backward();
  EXPECT_EQ(statistics_.size(), 2U);
  EXPECT_EQ(statistics_.count("widen.bn"), 1U);
  EXPECT_FALSE(backbone_->tensors().at("stem.conv.weight").grad().defined());
}

TEST_F(ArtifactCnn, MissingTensorIsNamed) {
  TensorMap tensors = trained_weights();
  tensors.erase("blocks.1.shortcut.conv.weight");
  try {
    make_backbone(tensors);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find("blocks.1.shortcut.conv.weight"), std::string::npos);
  }
}

TEST_F(ArtifactCnn, TakesTensorsOfHalfTheBits) {
  TensorMap halved = trained_weights();
  TensorMap rounded;
  bool brain = false;
  for (auto& [name, tensor] : halved) {
    tensor = tensor.to((brain = !brain) ? at::kBFloat16 : at::kHalf);
    rounded[name] = tensor.to(at::kFloat);
  }
  const at::Tensor crops = pictures(1, 128);
  EXPECT_EQ(largest(make_backbone(halved)->embed(crops) - make_backbone(rounded)->embed(crops)), 0);
}

}  // namespace
}  // namespace dfd
