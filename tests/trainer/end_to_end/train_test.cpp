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

TEST_F(EndToEnd, AlignedCropsAreTrainedOnAndServed) {
  const fs::path weights = shared_data("mtcnn");
  if (weights.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string face_model = (*folder / "mtcnn.safetensors").string();
  int status = -1;
  run(std::string(DFD_TRAINER) + " import mtcnn " + (weights / "pnet.pt").string() + " " +
          (weights / "rnet.pt").string() + " " + (weights / "onet.pt").string() + " -o " +
          face_model,
      status);
  ASSERT_EQ(status, 0);
  const std::string data = small_data(*folder, 16);
  const fs::path model = *folder / "aligned.safetensors";
  run(std::string(DFD_TRAINER) + " train --data " + data + " -o " + model.string() +
          " --backbone random:1 --split random --frames 4 --epochs 1 --crop aligned --tracks all "
          "--face-model " +
          face_model,
      status);
  ASSERT_EQ(status, 0);
  const auto found =
      nlohmann::json::parse(run(std::string(DFD_TRAINER) + " inspect " + model.string(), status));
  EXPECT_EQ(found["metadata"]["input.crop"], "aligned");
  EXPECT_EQ(found["metadata"]["input.margin"], "1.3");
  EXPECT_EQ(found["metadata"]["training.tracks"], "all");
  const fs::path clip = data + "/Celeb-real/id0_0000.mp4";
  EXPECT_GE(play(clip, model, "face-model-file=" + face_model), 0);
  EXPECT_EQ(play(clip, model), -1);  // Refused.
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
