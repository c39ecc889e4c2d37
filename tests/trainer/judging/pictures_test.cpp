// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/pictures.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "backbone/artifact_cnn.h"
#include "support/test_model.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

class Pictures : public testing::Test {
 protected:
  Pictures() {
    // Noise that is brighter at both ends, and its middle.
    cv::Mat wide(160, 300, CV_8UC3);
    cv::RNG(3).fill(wide, cv::RNG::UNIFORM, 0, 255);
    wide.colRange(0, 70) /= 4;
    wide.colRange(230, 300) /= 4;
    cv::imwrite(wide_, wide);
    cv::imwrite(tall_, wide.t());
    cv::imwrite(middle_, wide.colRange(70, 230));
    cv::imwrite(tall_middle_, cv::Mat(wide.t()).rowRange(70, 230));
  }

  // Of a model with random weights whose crops are cut so.
  double logit(CropRule crop, const std::string& picture) const {
    const std::string path = (folder_ / (std::string(to_string(crop)) + ".safetensors")).string();
    ModelConfig config;
    config.backbone.name = kArtifactCnn;
    config.backbone.source = "random, seed 1";
    config.input = artifact_cnn_kind().input;
    config.input.crop = crop;
    config.input.margin = crop == CropRule::kSquare ? 1.3 : 0;
    config.input.face_detector = crop == CropRule::kFullFrame ? "" : "opencv-haar";
    config.window_length = 1;
    config.sample_rate = {5, 1};
    config.head = mean_info(512);
    TensorMap tensors;
    for (const auto& [name, tensor] : artifact_cnn_kind().random_weights(1, {})) {
      tensors[kBackbonePrefix + name] = tensor;
    }
    tensors["classifier.weight"] = at::arange(512).to(at::kFloat).view({1, 512}) / 512;
    tensors["classifier.bias"] = at::zeros({1});
    write_tensors(path, to_metadata(config), tensors);
    return score_pictures(path, {picture})["logit"].get<double>();
  }

  fs::path folder_ = test::scratch_folder("pictures");
  std::string wide_ = (folder_ / "wide.png").string();
  std::string tall_ = (folder_ / "tall.png").string();
  std::string middle_ = (folder_ / "middle.png").string();
  std::string tall_middle_ = (folder_ / "tall_middle.png").string();
};

TEST_F(Pictures, AreNotStretchedForAModelOfSquares) {
  EXPECT_EQ(logit(CropRule::kSquare, wide_), logit(CropRule::kSquare, middle_));
  EXPECT_EQ(logit(CropRule::kSquare, tall_), logit(CropRule::kSquare, tall_middle_));
  EXPECT_NE(logit(CropRule::kSquare, wide_), logit(CropRule::kFullFrame, wide_));
}

TEST_F(Pictures, AreStretchedAsTheCropsOfOtherModels) {
  EXPECT_EQ(logit(CropRule::kFullFrame, middle_), logit(CropRule::kSquare, middle_));
  for (const CropRule crop : {CropRule::kFullFrame, CropRule::kBox}) {
    EXPECT_NE(logit(crop, wide_), logit(crop, middle_)) << to_string(crop);
  }
}

TEST_F(Pictures, AreNotStretchedForANetworkOverClips) {
  const auto embedding = [](const std::string& picture) {
    return embed_pictures(test::clip_model(), {picture}).at(0)["embedding"];
  };
  EXPECT_EQ(embedding(wide_), embedding(middle_));
  EXPECT_NE(embedding(wide_), embedding(tall_));
}

}  // namespace
}  // namespace dfd
