// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a training makes, and what it leaves when it fails.

#include <sys/wait.h>

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

TEST_F(EndToEnd, WholePicturesTrainAModelToo) {
  const fs::path model = *folder / "full-frame.safetensors";
  train(model, 1, "--region full-frame --recipe seed --frames 4");
  int status = -1;
  const auto found =
      nlohmann::json::parse(run(std::string(DFD_TRAINER) + " inspect " + model.string(), status));
  ASSERT_EQ(status, 0);
  EXPECT_EQ(found["metadata"]["input.crop"], "full-frame");
  EXPECT_EQ(found["metadata"]["window.length"], "4");
}

// Aligned crops want a detector of landmarks, and the same one from training to playing.
class AlignedCrops : public testing::Test {
 protected:
  std::string told(const std::string& command, int expected_status = 0) {
    int status = -1;
    const std::string output = run(std::string(DFD_TRAINER) + " " + command, status);
    EXPECT_EQ(WEXITSTATUS(status), expected_status) << command << output;
    return output;
  }

  void expect_served(const std::string& face_model, const std::string& detector) {
    const std::string with = " --face-model " + face_model;
    const std::string data = small_data(folder_, 16);
    const std::string model = (folder_ / "aligned.safetensors").string();
    told("train --data " + data + " -o " + model +
         " --backbone random:1 --split random --frames 4 --epochs 1 --crop aligned --tracks all" +
         with);
    const auto metadata = nlohmann::json::parse(told("inspect " + model))["metadata"];
    EXPECT_EQ(metadata["input.crop"], "aligned");
    EXPECT_EQ(metadata["input.margin"], "1.3");
    EXPECT_EQ(metadata["input.face_detector"], detector);
    EXPECT_EQ(metadata["training.tracks"], "all");

    const std::string others = small_data(folder_, 20, 8);
    const std::string evaluate = "evaluate --data " + others + " --model " + model;
    EXPECT_GT(summary_in(told(evaluate + with))["clips"]["scored"], 1);
    EXPECT_NE(told(evaluate + " 2>&1", 1).find("--face-model"), std::string::npos);

    const fs::path clip = others + "/Celeb-real/id0_0000.mp4";
    const fs::path evidence = folder_ / "evidence";
    told("explain --model " + model + with + " -o " + evidence.string() + " " + clip.string());
    EXPECT_FALSE(fs::is_empty(evidence));

    EXPECT_GE(play(clip, model, "face-model-file=" + face_model), 0);
    EXPECT_EQ(play(clip, model), -1);  // Refused.
  }

  fs::path folder_ = scratch_folder("aligned");
};

TEST_F(AlignedCrops, OfMtcnnAreTrainedOnJudgedExplainedAndServed) {
  const fs::path weights = shared_data("mtcnn");
  if (weights.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string face_model = (folder_ / "mtcnn.safetensors").string();
  std::string import = "import mtcnn";
  for (const char* net : {"pnet.pt", "rnet.pt", "onet.pt"})
    import += " " + (weights / net).string();
  told(import + " -o " + face_model);
  expect_served(face_model, "mtcnn");
}

TEST_F(AlignedCrops, OfYunetAreTrainedOnJudgedExplainedAndServed) {
  const fs::path file = shared_data("yunet/yunet_s_640_640.onnx");
  if (file.empty()) GTEST_SKIP() << "YuNet's file is not there; set DEEPFAKE_TEST_DATA";
  expect_served(file.string(), "yunet");
}

TEST_F(EndToEnd, ALossThatIsNoNumberIsAnErrorAndLeavesTheOldModel) {
  const fs::path model = *folder / "diverged.safetensors";
  const std::string old = "the model of last week";
  std::ofstream(model) << old;
  std::string command;
  for (const std::string& word : train_command(model, 3)) command += word + " ";
  int status = -1;
  const std::string output = run(command + "--learning-rate 1e30 2>&1", status);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(output.find("epoch 1: the "), std::string::npos) << output;
  EXPECT_NE(output.find("--learning-rate"), std::string::npos) << output;
  EXPECT_EQ(bytes_of(model), old);
}

TEST_F(WithSmallData, AFrozenBackboneTakesTheMeanHeadToo) {
  const fs::path model = fs::path(data_) / "mean.safetensors";
  int status = -1;
  const std::string told = train_small(model, 2, status, "--head mean --cache " + data_);
  ASSERT_EQ(status, 0) << told;
  const auto found =
      nlohmann::json::parse(run(std::string(DFD_TRAINER) + " inspect " + model.string(), status));
  EXPECT_EQ(found["metadata"]["head.type"], "mean");
  EXPECT_GE(play(data_ + "/Celeb-real/id0_0000.mp4", model.string()), 0);
}

TEST_F(WithSmallData, TheSeedsRecipeHasTheSeedsHead) {
  int status = -1;
  const std::string told =
      train_small(fs::path(data_) / "model.safetensors", 1, status, "--recipe seed --head mean");
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(told.find("the seed's recipe has lstm"), std::string::npos) << told;
}

TEST_F(WithSmallData, AnOutputThatCannotBeWrittenIsSaidAtOnce) {
  int status = -1;
  const std::string told = train_small(data_, 1, status);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(told.find("it is a folder"), std::string::npos) << told;
  EXPECT_EQ(told.find("embedding"), std::string::npos) << told;
}

TEST_F(WithSmallData, AFullDiskIsAnErrorAndLeavesWhatWasThere) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  const std::string before = sha256_of_file(model.string() + ".resume");
  // Files of 1 MB at most: enough for embeddings, too little for the state.
  const std::string told = train_small(model, 2, status, "", "trap '' XFSZ; ulimit -f 1024;");
  EXPECT_EQ(WEXITSTATUS(status), 1) << told;
  EXPECT_NE(told.find(model.string() + ".resume: writing failed"), std::string::npos) << told;
  EXPECT_EQ(sha256_of_file(model.string() + ".resume"), before);
  for (const auto& entry : fs::directory_iterator(data_)) {
    EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace dfd::test
