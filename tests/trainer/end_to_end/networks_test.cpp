// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Networks of others, from their checkpoints to a verdict in the element.

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "backbone/inception_resnet_v2.h"
#include "backbone/video_resnet.h"
#include "import/checkpoint_writer.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

// As torch.save would have written them. tensors: float, contiguous.
void save(const fs::path& file, const TensorMap& tensors) {
  std::map<std::string, TensorBytes> bytes;
  for (const auto& [name, tensor] : tensors) {
    bytes[name] = {"F32", tensor.sizes().vec(), static_cast<const std::uint8_t*>(tensor.data_ptr()),
                   static_cast<std::uint64_t>(tensor.nbytes())};
  }
  write_checkpoint(file.string(), bytes);
}

class Networks : public WithSmallData {
 protected:
  // What the program prints on both streams.
  static std::string trainer(const std::string& arguments, int& status) {
    return run(std::string(DFD_TRAINER) + " " + arguments + " 2>&1", status);
  }
  std::string file(const std::string& name) const { return (fs::path(data_) / name).string(); }
};

TEST_F(Networks, InceptionResnetV2GoesFromACheckpointToAVerdict) {
  TensorMap tensors = inception_resnet_v2_kind().random_weights(3, {});
  tensors["classif.weight"] = at::zeros({5, 1536});
  tensors["classif.bias"] = at::zeros({5});
  save(file("v2.pth"), tensors);
  int status = -1;
  const std::string import = "import inception-resnet-v2 " + file("v2.pth") + " -o ";
  std::string said = trainer(import + file("v2.safetensors") + " --size 96", status);
  ASSERT_EQ(status, 0) << said;
  EXPECT_NE(said.find("2 tensors left out (classif.*"), std::string::npos) << said;
  const auto about = nlohmann::json::parse(trainer("inspect " + file("v2.safetensors"), status));
  EXPECT_EQ(about["metadata"]["kind"], "backbone");
  EXPECT_EQ(about["metadata"]["backbone.name"], "inception_resnet_v2");
  EXPECT_EQ(about["metadata"]["input.size"], "96");

  cv::imwrite(file("grey.png"), cv::Mat(96, 96, CV_8UC3, cv::Scalar::all(90)));
  const auto embedded = nlohmann::json::parse(
      trainer("embed --backbone " + file("v2.safetensors") + " " + file("grey.png"), status));
  EXPECT_EQ(embedded["embedding"].size(), 1536U);

  said = trainer("train --data '" + data_ + "' --split random --backbone " +
                     file("v2.safetensors") + " --frames 4 --epochs 1 --cache " + file("cache") +
                     " -o " + file("model.safetensors"),
                 status);
  ASSERT_EQ(status, 0) << said;
  const fs::path clip = fs::path(data_) / "Celeb-real" / "id0_0000.mp4";
  const double probability =
      play(clip, file("model.safetensors"), "messages=every-window mode=complete");
  EXPECT_GE(probability, 0);
  EXPECT_LE(probability, 1);
  const std::string explained =
      run(std::string(DFD_TRAINER) + " explain --model " + file("model.safetensors") + " " +
              clip.string() + " -o " + file("evidence") + " --rate 1",
          status);
  EXPECT_EQ(status, 0);
  EXPECT_GT(count_of(explained, "\"map\""), 0U) << explained;

  said = trainer(import + file("tiny.safetensors") + " --size 20", status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("75 to 1024"), std::string::npos) << said;
  EXPECT_FALSE(fs::exists(file("tiny.safetensors")));
}

TEST_F(Networks, ATracedNetworkGoesFromPythonToAVerdict) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-torch is not installed";
  }
  const std::string write =
      "/usr/bin/python3 '" DFD_SOURCE "/tests/trainer/import/write_traced.py' ";
  const std::string rule = " --size 64 --mean 127.5,127.5,127.5 --std 127.5,127.5,127.5 -o ";
  const fs::path clip = fs::path(data_) / "Celeb-real" / "id0_0000.mp4";
  for (const std::string name : {"tiny", "tiny_clip"}) {
    SCOPED_TRACE(name);
    const bool clips = name == "tiny_clip";
    int status = -1;
    run(write + name + " trace '" + data_ + "'", status);
    ASSERT_EQ(status, 0);
    const std::string how =
        clips ? " --takes clip --frames 5 --layout frames-first" : " --takes crop --window 4";
    std::string said = trainer("import traced " + file("network.pt") + how + " --gives two-logits" +
                                   rule + file("traced.safetensors"),
                               status);
    ASSERT_EQ(status, 0) << said;
    EXPECT_NE(said.find("not calibrated"), std::string::npos) << said;
    const double probability =
        play(clip, file("traced.safetensors"), "messages=every-window mode=complete");
    EXPECT_GT(probability, 0);
    EXPECT_LT(probability, 1);
    said = trainer("explain --model " + file("traced.safetensors") + " " + clip.string() + " -o " +
                       file("evidence"),
                   status);
    EXPECT_NE(status, 0);
    EXPECT_NE(said.find("cannot say where in a face"), std::string::npos) << said;
    said = trainer("import traced " + file("network.pt") + how + " --gives embedding" + rule +
                       file("frozen.safetensors"),
                   status);
    ASSERT_EQ(status, 0) << said;
    // A head on whole clips learns beside the backbone, which stays as it is.
    const std::string way = clips ? " --unfreeze 0 --crop square --frames 5 --steps 2 --pairs 2"
                                    " --validation-pairs 2 --validate-every 2"
                                  : " --frames 4 --epochs 1";
    said = trainer("train --data '" + data_ + "' --split random --backbone " +
                       file("frozen.safetensors") + way + " --cache " + file("cache") + " -o " +
                       file("model.safetensors"),
                   status);
    ASSERT_EQ(status, 0) << said;
    EXPECT_GT(play(clip, file("model.safetensors"), "messages=every-window mode=complete"), 0);
  }
}

TEST_F(Networks, AVideoResnetGoesFromACheckpointToAVerdict) {
  const BackboneKind kind = mc3_18_kind();
  TensorMap tensors = kind.random_weights(3, kind.settings);
  tensors["fc.weight"] = at::randn({2, 512}) * 0.01;
  tensors["fc.bias"] = at::zeros({2});
  save(file("mc3.pth"), tensors);
  int status = -1;
  std::string said = trainer("import video-resnet " + file("mc3.pth") +
                                 " --frames 4 --size 32 --rate 5/1 -o " + file("mc3.safetensors"),
                             status);
  ASSERT_EQ(status, 0) << said;
  const std::string others = small_data(scratch_folder("others"), 8, 11);
  said = trainer("evaluate --data '" + others + "' --model " + file("mc3.safetensors"), status);
  EXPECT_EQ(status, 0) << said;
  EXPECT_FALSE(summary_in(said).empty()) << said;
  const fs::path clip = fs::path(data_) / "Celeb-real" / "id0_0000.mp4";
  EXPECT_GT(play(clip, file("mc3.safetensors"), "messages=every-window mode=complete"), 0);
  said = trainer("explain --model " + file("mc3.safetensors") + " " + clip.string() + " -o " +
                     file("evidence") + " --rate 1",
                 status);
  EXPECT_EQ(status, 0) << said;
  EXPECT_GT(count_of(said, "\"map\""), 0U) << said;
}

TEST_F(Networks, AnothersCheckpointIsNoInceptionResnetV2) {
  save(file("other.pth"), {{"conv1.weight", at::zeros({8, 3, 3, 3})}});
  int status = -1;
  const std::string said = trainer(
      "import inception-resnet-v2 " + file("other.pth") + " -o " + file("other.safetensors"),
      status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("conv2d_1a"), std::string::npos) << said;
  EXPECT_FALSE(fs::exists(file("other.safetensors")));
}

// From nothing to a verdict, and on from there.
TEST_F(Networks, AViVitIsTrainedServedAndTrainedFurther) {
  int status = -1;
  const std::string common = "train --data '" + data_ +
                             "' --split random --crop square --frames 4 --recoded 0 --steps 4 "
                             "--pairs 4 --validate-every 2 --validation-pairs 8 --cache " +
                             file("cache");
  std::string said =
      trainer(common +
                  " --backbone new:vivit --size 32 --setting frames=4 --setting position_size=32 "
                  "--setting hidden_size=48 --setting layers=2 --setting intermediate_size=96 -o " +
                  file("model.safetensors"),
              status);
  ASSERT_EQ(status, 0) << said;
  EXPECT_EQ(count_of(said, "\"validation_auc\""), 2U) << said;
  const auto about = nlohmann::json::parse(trainer("inspect " + file("model.safetensors"), status));
  EXPECT_EQ(about["metadata"]["backbone.name"], "vivit");
  EXPECT_EQ(about["metadata"]["backbone.frames"], "4");
  EXPECT_EQ(about["metadata"]["window.length"], "4");
  EXPECT_EQ(about["metadata"]["input.size"], "32");

  for (const int count : {2, 4, 5}) {
    std::string pictures;
    for (int i = 0; i < count; ++i) {
      const std::string name = file("picture" + std::to_string(i) + ".png");
      cv::imwrite(name, cv::Mat(32, 32, CV_8UC3, cv::Scalar::all(40 * (i + 1))));
      pictures += " " + name;
    }
    said = trainer("score --model " + file("model.safetensors") + pictures, status);
    ASSERT_EQ(status == 0, count <= 4) << said;
    if (status != 0) {
      EXPECT_NE(said.find("5 pictures, but a window of this model has 4"), std::string::npos)
          << said;
      continue;
    }
    EXPECT_EQ(nlohmann::json::parse(said)["partial"], count < 4);
    said = trainer("embed --backbone " + file("model.safetensors") + pictures, status);
    ASSERT_EQ(status, 0) << said;
    const auto embedded = nlohmann::json::parse(said);
    EXPECT_EQ(embedded["embedding"].size(), 48U);
    EXPECT_EQ(embedded["partial"], count < 4);
    EXPECT_EQ(embedded["files"].size(), static_cast<std::size_t>(count));
  }

  const fs::path clip = fs::path(data_) / "Celeb-real" / "id0_0000.mp4";
  const double probability =
      play(clip, file("model.safetensors"), "messages=every-window mode=complete sample-rate=5/1");
  EXPECT_GT(probability, 0);
  EXPECT_LT(probability, 1);
  const std::string others = small_data(scratch_folder("others"), 8, 11);
  said = trainer("evaluate --data '" + others + "' --model " + file("model.safetensors"), status);
  EXPECT_EQ(status, 0) << said;
  EXPECT_FALSE(summary_in(said).empty()) << said;

  for (const char* more : {"--unfreeze 2", "--unfreeze 0"}) {
    said = trainer(common + " --backbone " + file("model.safetensors") + " " + more + " -o " +
                       file("further.safetensors"),
                   status);
    EXPECT_EQ(status, 0) << said;
  }
  // What a head on embeddings of single crops would be trained with.
  said = trainer("train --data '" + data_ + "' --split random --frames 4 --epochs 1 --backbone " +
                     file("model.safetensors") + " -o " + file("head.safetensors"),
                 status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("takes whole clips"), std::string::npos) << said;
}

TEST_F(Networks, ANewNetworkHasItsKindsSettingsAlone) {
  int status = -1;
  const std::string common =
      "train --data '" + data_ + "' --split random --crop square --frames 4 ";
  std::string said = trainer(
      common + "--backbone new:vivit --setting colour=red -o " + file("model.safetensors"), status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("setting colour"), std::string::npos) << said;
  EXPECT_NE(said.find("hidden_size"), std::string::npos) << "names those that there are: " << said;
  said = trainer(common + "--backbone new:vivit -o " + file("model.safetensors"), status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("give --frames 8"), std::string::npos) << said;
  said = trainer(common + "--backbone new:artifact_cnn --size 100 -o " + file("model.safetensors"),
                 status);
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("128 to 224"), std::string::npos) << said;
}

}  // namespace
}  // namespace dfd::test
