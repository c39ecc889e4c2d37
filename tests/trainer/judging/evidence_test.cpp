// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A model that tells kinds of evidence apart, in what is said of clips and pictures.

#include <cmath>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "backbone/artifact_cnn.h"
#include "judging/pictures.h"
#include "judging/play_clip.h"
#include "support/test_model.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

constexpr double kSeam = -0.5;
constexpr double kGenerated = 1.25;

double probability_of(double logit) { return 1 / (1 + std::exp(-logit)); }

// The whole picture through a random backbone whose embeddings count for nothing: whatever is to
// be seen, these are its logits.
std::string model_of(int window, bool kinds) {
  const std::string path =
      (test::scratch_folder("evidence_" + std::to_string(window) + (kinds ? "" : "_none")) /
       "model.safetensors")
          .string();
  ModelConfig config;
  config.backbone.name = kArtifactCnn;
  config.backbone.source = "random, seed 1";
  config.input = artifact_cnn_kind().input;
  config.input.crop = CropRule::kFullFrame;
  config.window_length = window;
  config.sample_rate = {5, 1};
  config.head = kinds ? mean_info(512, {kEvidence.begin(), kEvidence.end()}) : mean_info(512);
  TensorMap tensors;
  for (const auto& [name, tensor] : artifact_cnn_kind().random_weights(1, {})) {
    tensors[kBackbonePrefix + name] = tensor;
  }
  tensors["classifier.weight"] = at::zeros({kinds ? 2 : 1, 512});
  tensors["classifier.bias"] =
      kinds ? at::tensor({kSeam, kGenerated}).to(at::kFloat) : at::full({1}, kSeam);
  write_tensors(path, to_metadata(config), tensors);
  return path;
}

std::string picture() {
  const std::string path = (test::scratch_folder("evidence_picture") / "a.png").string();
  cv::Mat noise(96, 128, CV_8UC3);
  cv::RNG(3).fill(noise, cv::RNG::UNIFORM, 0, 255);
  cv::imwrite(path, noise);
  return path;
}

ClipScore played(const std::string& model) {
  EngineConfig config;
  config.model_file = model;
  Clip clip;
  clip.file = clip.path = picture();
  return play_clip(clip, Engine::load(config), {});
}

TEST(EvidenceOfClips, IsThatOfItsWindows) {
  const ClipScore score = played(model_of(1, true));
  EXPECT_FALSE(score.partial);
  EXPECT_NEAR(score.logit.value(), kGenerated, 1e-5);
  EXPECT_EQ(score.evidence, "generated");
  EXPECT_NEAR(score.seam_probability.value(), probability_of(kSeam), 1e-5);
  EXPECT_NEAR(score.generated_probability.value(), probability_of(kGenerated), 1e-5);
}

TEST(EvidenceOfClips, IsThatOfAWindowThatNeverFilled) {
  const ClipScore score = played(model_of(3, true));
  EXPECT_TRUE(score.partial);
  EXPECT_EQ(score.evidence, "generated");
  EXPECT_NEAR(score.seam_probability.value(), probability_of(kSeam), 1e-5);
}

TEST(EvidenceOfClips, IsNoneOfAModelThatKnowsNoKinds) {
  const ClipScore score = played(model_of(1, false));
  EXPECT_NEAR(score.logit.value(), kSeam, 1e-5);
  EXPECT_EQ(score.evidence, "");
  EXPECT_FALSE(score.seam_probability || score.generated_probability);
  EXPECT_FALSE(to_json(score).contains("evidence"));
}

TEST(EvidenceOfPictures, StandsBesideTheProbability) {
  const auto line = score_pictures(model_of(1, true), {picture()});
  EXPECT_EQ(line["evidence"], "generated");
  EXPECT_NEAR(line["probability"].get<double>(), probability_of(kGenerated), 1e-5);
  EXPECT_NEAR(line["seam_probability"].get<double>(), probability_of(kSeam), 1e-5);
  EXPECT_NEAR(line["generated_probability"].get<double>(), probability_of(kGenerated), 1e-5);
  EXPECT_FALSE(score_pictures(model_of(1, false), {picture()}).contains("evidence"));
}

}  // namespace
}  // namespace dfd
