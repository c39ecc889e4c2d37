// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The main job, whole: draw a data set, train on it, measure on people and clips it has not seen,
// and play such clips through the element.

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
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
  const std::string output = run(std::string(DFD_TRAINER) + " evaluate --data " + data() +
                                     " --baselines --draws 50 --model " + model.string(),
                                 status);
  ASSERT_EQ(status, 0);
  const auto result = summary_in(output);
  EXPECT_EQ(count_of(output, "{\"path\""), 24U);
  EXPECT_EQ(result["side"], "test list");
  EXPECT_EQ(result["known"], 0);
  for (const char* baseline : {"constant", "mean_linear"}) {
    EXPECT_TRUE(result["baselines"][baseline].contains("auc")) << baseline;
  }
  EXPECT_EQ(result["warning"], "random backbone: demonstration only");
  for (const auto& generator : result["by_generator"]) {
    std::printf("%s: AUC %.3f\n", generator["generator"].get<std::string>().c_str(),
                generator["all"]["auc"]["value"].get<double>());
  }
  EXPECT_EQ(result["by_generator"].size(), 4U);
  // 0.5 is chance. Of 24 clips one moves it by some hundredths, and so does another processor.
  EXPECT_GE(result["overall"]["auc"]["value"], 0.85);

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
    return summary_in(output);
  };
  const std::string refused = evaluate(model.string(), data_);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(refused.find("the model knows all"), std::string::npos) << refused;

  // Another set: everything is judged.
  const std::string other = (scratch_folder("other_set") / "set").string();
  fs::copy(small_data(*drawn, 8, 4), other, fs::copy_options::recursive);
  fs::remove(fs::path(other) / "List_of_testing_videos.txt");
  const auto judged = result(model.string(), other);
  EXPECT_EQ(judged["side"], "unlisted clips");
  EXPECT_EQ(judged["known"], 0);
  EXPECT_EQ(judged["clips"]["all"], 8);
  EXPECT_FALSE(judged.contains("baselines"));

  // A few clips that it knows among new ones, whatever they are called.
  for (int i = 0; i < 2; ++i) {
    const std::string name = "id" + std::to_string(i) + "_0000.mp4";
    fs::copy_file(data_ + "/Celeb-real/" + name, other + "/Celeb-real/known" + name);
  }
  const auto mixed = result(model.string(), other);
  EXPECT_EQ(mixed["known"], 2);
  EXPECT_EQ(mixed["overall"], judged["overall"]);

  // A model that does not say what it was trained on.
  EXPECT_EQ(result(shared_model(), other)["side"], "unknown");
}

TEST_F(WithSmallData, EvaluateSaysWhatBecameOfEveryClip) {
  const fs::path folder = scratch_folder("evaluated");
  int status = -1;
  run(std::string(DFD_TRAINER) + " synthesize --seconds 3 --clips 8 --seed 4 -o " +
          (folder / "set").string(),
      status);
  ASSERT_EQ(status, 0);
  fs::remove(folder / "set/List_of_testing_videos.txt");
  std::ofstream(folder / "set/Celeb-real/id9_0000.mp4") << "no video";
  const std::string evaluate = std::string(DFD_TRAINER) + " evaluate --model " + shared_model() +
                               " --data " + (folder / "set").string();
  const std::string output =
      run(evaluate + " --report " + (folder / "page").string() + " --draws 20 2>&1", status);
  ASSERT_EQ(WEXITSTATUS(status), 3) << output;  // More than a tenth cannot be read.
  std::istringstream lines(output);
  std::size_t scored = 0;
  std::size_t broken = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("{\"path\"", 0) != 0) continue;
    const auto clip = nlohmann::json::parse(line);
    if (clip["path"].get<std::string>().find("id9") != std::string::npos) {
      EXPECT_TRUE(clip["probability"].is_null());
      EXPECT_EQ(clip["reason"], "error");
      ++broken;
    } else if (!clip["logit"].is_null()) {
      EXPECT_GT(clip["samples"], 0);
      EXPECT_GT(clip["face_size"], 60);
      EXPECT_EQ(clip["windows"].get<int>() == 0, clip["partial"].get<bool>());
      ++scored;
    }
  }
  EXPECT_EQ(broken, 1U);
  EXPECT_GT(scored, 5U);
  EXPECT_EQ(summary_in(output)["clips"]["scored"], scored);
  const std::string page = bytes_of(folder / "page/report.html");
  EXPECT_NE(page.find("</html>"), std::string::npos);
  EXPECT_NE(page.find("data:image/png"), std::string::npos);
  run(evaluate + " --report " + (folder / "bare").string() + " --no-pictures --draws 20 -o " +
          (folder / "carded.safetensors").string() + " 2>&1",
      status);
  EXPECT_EQ(bytes_of(folder / "bare/report.html").find("data:image/png"), std::string::npos);
  // The model with its card is the same model.
  const auto about = nlohmann::json::parse(run(
      std::string(DFD_TRAINER) + " inspect " + (folder / "carded.safetensors").string(), status));
  EXPECT_EQ(about["card"]["overall"], summary_in(output)["overall"]);
  const auto before =
      nlohmann::json::parse(run(std::string(DFD_TRAINER) + " inspect " + shared_model(), status));
  EXPECT_EQ(about["tensors"], before["tensors"]);
  EXPECT_EQ(about["metadata"]["threshold"], before["metadata"]["threshold"]);
}

// What the element says of a clip is what evaluate says.
TEST_F(WithSmallData, EvaluateSaysWhatTheElementSays) {
  const fs::path other = fs::path(small_data(*drawn, 8, 4));
  int status = -1;
  std::istringstream lines(run(std::string(DFD_TRAINER) + " evaluate --model " + shared_model() +
                                   " --data " + other.string() + " --draws 20",
                               status));
  int compared = 0;
  for (std::string line; std::getline(lines, line) && compared < 2;) {
    const auto clip = nlohmann::json::parse(line);
    // Of one window the smoothed probability is the window's own.
    if (!clip.contains("windows") || clip["windows"] != 1) continue;
    ++compared;
    EXPECT_NEAR(clip["probability"],
                play(other / clip["path"].get<std::string>(), shared_model(), "mode=complete"),
                1e-6);
  }
}

TEST_F(WithSmallData, EvaluateSaysHowScoresHoldWhenClipsGetWorse) {
  const fs::path folder = scratch_folder("robust");
  const fs::path temporary = scratch_folder("robust_temporary");
  // Two whose faces are found.
  const fs::path clips = small_data(*drawn, 8, 4);
  fs::create_directories(folder / "set/real");
  fs::create_directories(folder / "set/fake/flicker");
  fs::copy(clips / "Celeb-real/id1_0000.mp4", folder / "set/real");
  fs::copy(clips / "Celeb-synthesis/id0_id1_0001.mp4", folder / "set/fake/flicker");
  int status = -1;
  const std::string output = run(
      "TMPDIR=" + temporary.string() + " " + DFD_TRAINER + " evaluate --model " + shared_model() +
          " --data " + (folder / "set").string() +
          " --draws 20 --robustness --no-pictures --report " + (folder / "page").string() + " 2>&1",
      status);
  ASSERT_EQ(status, 0) << output;
  const auto points = summary_in(output)["robustness"];
  std::string found;
  std::set<double> means;
  for (const auto& point : points) {
    found += point["change"].get<std::string>() + " " + point["level"].dump() + ", ";
    EXPECT_TRUE(point["auc"].is_number()) << point;
    if (point["real"].is_number()) means.insert(point["real"].get<double>());
  }
  EXPECT_EQ(found,
            "none null, jpeg 90.0, jpeg 70.0, jpeg 50.0, jpeg 30.0, scale 0.75, scale 0.5, "
            "scale 0.35, blur 1.0, blur 2.0, blur 3.0, h264 23.0, h264 30.0, h264 37.0, "
            "h264 44.0, ");
  EXPECT_EQ(points[0]["unscored"], 0);
  // Changes do change scores. Few bits make some of them equal, and the strongest may leave no
  // face.
  EXPECT_GE(means.size(), 6U) << points;
  EXPECT_NE(output.find("H.264 quantizer 44"), std::string::npos) << output;
  EXPECT_NE(bytes_of(folder / "page/report.html").find("When clips get worse"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(temporary));
}

TEST_F(WithSmallData, CalibrationIsFittedAndWritten) {
  const fs::path folder = scratch_folder("calibrated");
  const fs::path other = folder / "set";
  fs::copy(small_data(*drawn, 8, 4), other, fs::copy_options::recursive);
  fs::remove(other / "List_of_testing_videos.txt");
  const std::string command = std::string(DFD_TRAINER) + " calibrate --model " + shared_model() +
                              " --data " + other.string() + " -o " +
                              (folder / "m.safetensors").string() + " ";
  int status = -1;
  const auto fit = nlohmann::json::parse(run(command, status));
  ASSERT_EQ(status, 0);
  EXPECT_LE(fit["after"]["log_loss"], fit["before"]["log_loss"]);
  const auto about = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect " + (folder / "m.safetensors").string(), status));
  EXPECT_EQ(std::stod(about["metadata"]["calibration.temperature"].get<std::string>()),
            fit["temperature"].get<double>());
  EXPECT_EQ(std::stod(about["metadata"]["calibration.bias"].get<std::string>()),
            fit["bias"].get<double>());
  EXPECT_EQ(nlohmann::json::parse(about["metadata"]["training.calibration"].get<std::string>()),
            fit);
  // What it was fitted to is no test of it.
  const std::string known =
      run(std::string(DFD_TRAINER) + " evaluate --model " + (folder / "m.safetensors").string() +
              " --data " + other.string() + " 2>&1",
          status);
  EXPECT_NE(status, 0);
  EXPECT_NE(known.find("the model knows all"), std::string::npos) << known;
  const std::string refused = run(command + "--target-fpr 0.01 2>&1", status);
  EXPECT_NE(status, 0);
  EXPECT_NE(refused.find("real clips"), std::string::npos) << refused;
}

}  // namespace
}  // namespace dfd::test
