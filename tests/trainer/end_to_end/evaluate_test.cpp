// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The main job, whole: draw a data set, train on it, measure on people and clips it has not seen,
// and play such clips through the element.

#include <sys/wait.h>

#include <cstdio>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

TEST_F(EndToEnd, ATrainedModelTellsUnseenDrawnFakes) {
  const fs::path model = *folder / "demo.safetensors";
  const auto epochs = train(model, 20);
  ASSERT_EQ(epochs.size(), 20U);
  EXPECT_EQ(epochs.back()["epoch"], 20);

  int status = -1;
  const auto result = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " evaluate --data " + data() + " --model " + model.string(),
          status));
  ASSERT_EQ(status, 0);
  EXPECT_EQ(result["side"], "test list");
  EXPECT_EQ(result["known"], 0);
  EXPECT_TRUE(result.contains("constant"));
  EXPECT_TRUE(result.contains("mean_linear"));
  EXPECT_EQ(result["warning"], "random backbone: demonstration only");
  for (const auto& [kind, metrics] : result["by_kind"].items()) {
    std::printf("%s: AUC %.3f\n", kind.c_str(), metrics["auc"].get<double>());
  }
  EXPECT_EQ(result["by_kind"].size(), 4U);
  // 0.5 is chance. Of 24 clips one moves it by some hundredths, and so does another processor.
  EXPECT_GE(result["model"]["auc"], 0.85);

  // The element, on clips of new people: fakes come out above real ones.
  const fs::path unseen = *folder / "unseen";
  run(std::string(DFD_TRAINER) + " synthesize -o " + unseen.string() +
          " --clips 8 --seed 2 --seconds 5",
      status);
  ASSERT_EQ(status, 0);
  const double real = play(unseen / "Celeb-real/id0_0000.mp4", model);
  const double fake = play(unseen / "Celeb-synthesis/id0_id1_0000.mp4", model);
  std::printf("played: real %.3f, fake %.3f\n", real, fake);
  ASSERT_GE(real, 0) << "no score";
  EXPECT_GT(fake, real);
}

TEST_F(WithSmallData, EvaluateLeavesOutWhatTheModelKnows) {
  const fs::path model = fs::path(data_) / "leaky.safetensors";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  const auto evaluate = [&](const std::string& what, const std::string& data) {
    return run(std::string(DFD_TRAINER) + " evaluate --model " + what + " --data " + data + " 2>&1",
               status);
  };
  const auto result = [&](const std::string& what, const std::string& data) {
    const std::string output = evaluate(what, data);
    EXPECT_EQ(status, 0) << output;
    return nlohmann::json::parse(output.substr(output.find('{')));
  };
  const std::string refused = evaluate(model.string(), data_);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(refused.find("the model knows all"), std::string::npos) << refused;

  // Another set: everything is judged, and there is nothing here to learn baselines from.
  const std::string other = (scratch_folder("other_set") / "set").string();
  fs::copy(small_data(*drawn, 8, 4), other, fs::copy_options::recursive);
  fs::remove(fs::path(other) / "List_of_testing_videos.txt");
  const auto judged = result(model.string(), other);
  EXPECT_EQ(judged["side"], "unlisted clips");
  EXPECT_EQ(judged["known"], 0);
  EXPECT_EQ(judged["model"]["real"].get<int>() + judged["model"]["fake"].get<int>() +
                judged["without_face"].get<int>(),
            8);
  EXPECT_FALSE(judged.contains("constant"));
  EXPECT_FALSE(judged.contains("mean_linear"));

  // A few clips that it knows among new ones, whatever they are called.
  for (int i = 0; i < 2; ++i) {
    const std::string name = "id" + std::to_string(i) + "_0000.mp4";
    fs::copy_file(data_ + "/Celeb-real/" + name, other + "/Celeb-real/known" + name);
  }
  const auto mixed = result(model.string(), other);
  EXPECT_EQ(mixed["known"], 2);
  EXPECT_EQ(mixed["model"], judged["model"]);

  // A model that does not say what it was trained on.
  EXPECT_EQ(result(shared_model(), other)["side"], "unknown");
}

}  // namespace
}  // namespace dfd::test
