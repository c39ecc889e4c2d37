// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Networks of others, from their checkpoints to a verdict in the element.

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "backbone/inception_resnet_v2.h"
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

}  // namespace
}  // namespace dfd::test
