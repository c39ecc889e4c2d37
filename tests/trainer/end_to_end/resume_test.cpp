// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A training that is stopped goes on as if it never was.

#include <glib.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
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

TEST_F(EndToEnd, AResumedTrainingGivesTheNumbersOfAnUninterruptedOne) {
  const auto whole = train(*folder / "whole.safetensors", 4);
  train(*folder / "parts.safetensors", 2);
  const auto rest = train(*folder / "parts.safetensors", 4, "--resume");
  ASSERT_EQ(whole.size(), 4U);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0], whole[2]);
  EXPECT_EQ(rest[1], whole[3]);
}

TEST_F(EndToEnd, CtrlCLeavesTheBestModelSoFar) {
  const fs::path model = *folder / "stopped.safetensors";
  std::vector<std::string> words = train_command(model, 1000000);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  GPid pid = 0;
  int output = -1;
  ASSERT_TRUE(g_spawn_async_with_pipes(nullptr, arguments.data(), nullptr,
                                       G_SPAWN_DO_NOT_REAP_CHILD, nullptr, nullptr, &pid, nullptr,
                                       &output, nullptr, nullptr));
  FILE* lines = fdopen(output, "r");
  std::array<char, 4096> line{};
  EXPECT_NE(std::fgets(line.data(), line.size(), lines), nullptr);  // The first epoch is done.
  kill(pid, SIGINT);
  int epochs = 1;
  while (std::fgets(line.data(), line.size(), lines) != nullptr) ++epochs;
  std::fclose(lines);
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);

  run(std::string(DFD_TRAINER) + " inspect " + model.string(), status);
  EXPECT_EQ(status, 0);
  const auto rest = train(model, epochs + 1, "--resume");
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0]["epoch"], epochs + 1);
}

TEST_F(WithSmallData, ResumingWithOtherOptionsIsAnError) {
  const fs::path model = fs::path(data_) / "other.safetensors";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  const std::string output = train_small(model, 2, status, "--seed 7 --resume");
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(output.find("other.safetensors.resume: of other clips"), std::string::npos) << output;
}

TEST_F(WithSmallData, ADamagedStateIsNamedAndSetAside) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  const std::string state = model.string() + ".resume";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  fs::resize_file(state, fs::file_size(state) / 2);
  const std::string told = train_small(model, 2, status, "--resume");
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(told.find(state), std::string::npos) << told;
  EXPECT_TRUE(fs::exists(state + ".damaged"));
  const std::string again = train_small(model, 2, status, "--resume");
  EXPECT_NE(again.find("nothing to resume"), std::string::npos) << again;
}

TEST_F(WithSmallData, AStateWithAllEpochsStillGivesTheModel) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  int status = -1;
  train_small(model, 2, status);
  const std::string digest = sha256_of_file(model.string());
  fs::remove(model);  // As after a kill between the last epoch and the end.
  train_small(model, 2, status, "--resume");
  ASSERT_EQ(status, 0);
  EXPECT_EQ(sha256_of_file(model.string()), digest);
}

TEST_F(WithSmallData, ATimeLimitEndsAfterAnEpochAndIsGoneOnFrom) {
  const fs::path whole = fs::path(data_) / "whole.safetensors";
  const fs::path parts = fs::path(data_) / "parts.safetensors";
  int status = -1;
  train_small(whole, 2, status);
  ASSERT_EQ(status, 0);
  train_small(parts, 2, status, "--time-limit 0.001");
  EXPECT_EQ(WEXITSTATUS(status), 4);
  const std::string told = train_small(parts, 2, status, "--time-limit 0.001 --resume");
  EXPECT_EQ(status, 0) << told;
  EXPECT_NE(told.find("resuming after epoch 1"), std::string::npos) << told;
  EXPECT_EQ(sha256_of_file(parts.string()), sha256_of_file(whole.string()));
}

TEST_F(WithSmallData, OtherReadableClipsAreAnotherTraining) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  const std::string clip = data_ + "/YouTube-real/00000.mp4";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  fs::rename(clip, clip + ".away");
  std::ofstream(clip) << "no video";
  const std::string told = train_small(model, 2, status, "--resume");
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(told.find("of other clips"), std::string::npos) << told;
}

}  // namespace
}  // namespace dfd::test
