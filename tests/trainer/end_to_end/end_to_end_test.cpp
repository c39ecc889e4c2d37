// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The main job, whole: draw a data set, train on it, measure on people and clips it has not seen,
// and play such clips through the element.

#include <gst/gst.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/file.h"
#include "base/picture.h"
#include "data/video.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

// What a command prints on stdout; its exit status.
std::string run(const std::string& command, int& status) {
  std::string output;
  std::array<char, 4096> part{};
  FILE* pipe = popen(command.c_str(), "r");
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
  status = pclose(pipe);
  return output;
}

// The probability of the last track that a played clip ends with.
double play(const fs::path& clip, const fs::path& model, const std::string& more = "") {
  const std::string line =
      "filesrc location=" + clip.string() +
      " ! decodebin ! videoconvert ! deepfakedetect model-file=" + model.string() + " " + more +
      " ! fakesink";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  double probability = -1;
  const auto types =
      static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT);
  while (GstMessage* message = gst_bus_timed_pop_filtered(bus, 120 * GST_SECOND, types)) {
    const GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ELEMENT && gst_message_has_name(message, "deepfakedetect") != FALSE) {
      gst_structure_get_double(gst_message_get_structure(message), "probability", &probability);
    }
    gst_message_unref(message);
    if (type != GST_MESSAGE_ELEMENT) break;
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  return probability;
}

// A few short clips, for what needs no good model.
std::string small_data(const fs::path& folder, int clips, int seed = 3) {
  const std::string data = (folder / ("small" + std::to_string(clips))).string();
  int status = -1;
  run(std::string(DFD_TRAINER) + " synthesize --seconds 1 -o " + data + " --clips " +
          std::to_string(clips) + " --seed " + std::to_string(seed),
      status);
  EXPECT_EQ(status, 0);
  return data;
}

// One drawn data set for these tests; whichever trains first fills its cache of embeddings.
class EndToEnd : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new fs::path(test::scratch_folder("end_to_end"));
    int status = -1;
    run(std::string(DFD_TRAINER) + " synthesize -o " + data() + " --clips 120 --seed 1", status);
    ASSERT_EQ(status, 0);
  }
  static void TearDownTestSuite() { delete std::exchange(folder, nullptr); }

  static std::string data() { return (*folder / "data").string(); }

  static std::vector<std::string> train_command(const fs::path& model, int epochs) {
    return {DFD_TRAINER,  "train",       "--data",   data(),
            "--backbone", "random:1",    "--epochs", std::to_string(epochs),
            "-o",         model.string()};
  }

  // The JSON lines of a training.
  static std::vector<nlohmann::json> train(const fs::path& model, int epochs,
                                           const std::string& more = "") {
    std::string command;
    for (const std::string& word : train_command(model, epochs)) command += word + " ";
    int status = -1;
    std::istringstream lines(run(command + more, status));
    EXPECT_EQ(status, 0) << command;
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(lines, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  }

  static fs::path* folder;
};
fs::path* EndToEnd::folder = nullptr;

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

TEST_F(EndToEnd, ResumingWithOtherOptionsIsAnError) {
  const fs::path model = *folder / "other.safetensors";
  train(model, 1);
  int status = 0;
  const std::string output =
      run(std::string(DFD_TRAINER) + " train --data " + data() +
              " --backbone random:1 --seed 7 --resume --epochs 2 -o " + model.string() + " 2>&1",
          status);
  EXPECT_NE(status, 0);
  EXPECT_NE(output.find("other.safetensors.resume"), std::string::npos) << output;
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
  EXPECT_EQ(test::bytes_of(model), old);
}

// Flips a bit in the middle of a file.
void damage(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(middle);
  const char byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(middle);
  stream.put(byte);
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// Clips are few and training is short: what is written counts.
class WithSmallData : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    drawn = new fs::path(test::scratch_folder("drawn_small"));
    small_data(*drawn, 16);
  }
  static void TearDownTestSuite() { delete std::exchange(drawn, nullptr); }

  void SetUp() override {
    data_ = (test::scratch_folder("small_data") / "set").string();
    fs::copy(*drawn / "small16", data_, fs::copy_options::recursive);
  }

  // Both streams of a training. before: of the shell.
  std::string train_small(const fs::path& model, int epochs, int& status,
                          const std::string& more = "", const std::string& before = "") const {
    return run(before + " " + DFD_TRAINER + " train --data '" + data_ +
                   "' --backbone random:1 --split random --frames 4 -o '" + model.string() +
                   "' --epochs " + std::to_string(epochs) + " " + more + " 2>&1",
               status);
  }

  std::string data_;
  static fs::path* drawn;
};
fs::path* WithSmallData::drawn = nullptr;

TEST_F(WithSmallData, DamagedCacheFilesAreSaidOnceAndMadeAnew) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(data_) / ".features")) {
    if (++damaged > 2) break;
    if (damaged == 1) damage(entry.path());
    if (damaged == 2) fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  }
  const std::string told = train_small(model, 1, status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(told, "set aside"), 2U) << told;
  const std::string silent = train_small(model, 1, status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(silent, "set aside"), 0U) << silent;
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
  const std::string digest = dfd::sha256_of_file(model.string());
  fs::remove(model);  // As after a kill between the last epoch and the end.
  train_small(model, 2, status, "--resume");
  ASSERT_EQ(status, 0);
  EXPECT_EQ(dfd::sha256_of_file(model.string()), digest);
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
  const std::string before = dfd::sha256_of_file(model.string() + ".resume");
  // Files of 1 MB at most: enough for embeddings, too little for the state.
  const std::string told = train_small(model, 2, status, "", "trap '' XFSZ; ulimit -f 1024;");
  EXPECT_EQ(WEXITSTATUS(status), 1) << told;
  EXPECT_NE(told.find(model.string() + ".resume: writing failed"), std::string::npos) << told;
  EXPECT_EQ(dfd::sha256_of_file(model.string() + ".resume"), before);
  for (const auto& entry : fs::directory_iterator(data_)) {
    EXPECT_EQ(entry.path().string().find(".part-"), std::string::npos) << entry.path();
  }
}

TEST_F(WithSmallData, BrokenClipsAreNamedAndLeftOut) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  const auto break_clip = [&](int number) {
    const std::string clip = data_ + "/Celeb-real/id" + std::to_string(90 + number) + "_0000.mp4";
    std::ofstream(clip) << "no video";
    return clip;
  };
  const std::string broken = break_clip(0);
  int status = -1;
  const std::string one = train_small(model, 1, status);
  EXPECT_EQ(status, 0) << one;
  EXPECT_NE(one.find(broken), std::string::npos) << one;
  EXPECT_NE(one.find("1 clips could not be read"), std::string::npos) << one;
  for (int i = 1; i < 4; ++i) break_clip(i);
  fs::remove(model);
  const std::string many = train_small(model, 1, status);
  EXPECT_EQ(WEXITSTATUS(status), 3) << many;  // More than a tenth.
  EXPECT_TRUE(fs::exists(model));
  run(std::string(DFD_TRAINER) + " crops --frames 4 --data " + data_ + " -o " + data_ + "/sheets",
      status);
  EXPECT_EQ(WEXITSTATUS(status), 3);
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
  const std::string other = (test::scratch_folder("other_set") / "set").string();
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
  EXPECT_EQ(result(test::shared_model(), other)["side"], "unknown");
}

TEST_F(WithSmallData, NamesMayBeAnyBytes) {
  const std::string renamed = data_ + "-caf\xE9";  // Latin 1.
  fs::rename(data_, renamed);
  data_ = renamed;
  const std::string name = "Celeb-real/n\xFF.mp4";
  fs::copy_file(data_ + "/Celeb-real/id0_0000.mp4", data_ + "/" + name);
  const fs::path model = fs::path(data_) / "model.safetensors";
  int status = -1;
  const std::string output = train_small(model, 1, status);
  ASSERT_EQ(status, 0) << output;
  const auto found = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect '" + model.string() + "'", status));
  EXPECT_EQ(found["metadata"]["training.data"], "set-caf\xEF\xBF\xBD");
  EXPECT_EQ(found["metadata"]["training.data_hex"], "7365742d636166e9");
  const std::string crops = run(std::string(DFD_TRAINER) + " crops --frames 4 --data '" + data_ +
                                    "' -o '" + data_ + "/sheets'",
                                status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(crops, R"("file_hex":"43656c65622d7265616c2f6eff2e6d7034")"), 1U) << crops;
  EXPECT_EQ(count_of(crops, "file_hex"), 1U) << crops;
}

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
  const fs::path weights = test::shared_data("mtcnn");
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

TEST_F(EndToEnd, ContactSheetsShowEveryClip) {
  const fs::path sheets = *folder / "sheets";
  const std::string small = small_data(*folder, 8);
  int status = -1;
  std::istringstream lines(run(std::string(DFD_TRAINER) + " crops --data " + small + " -o " +
                                   sheets.string() + " --frames 5",
                               status));
  ASSERT_EQ(status, 0);
  int clips = 0;
  for (std::string line; std::getline(lines, line); ++clips) {
    const auto found = nlohmann::json::parse(line);
    ASSERT_EQ(found["crops"].size(), 1U) << line;
    EXPECT_GE(found["crops"][0], 1);
    EXPECT_LE(found["crops"][0], 5);
    EXPECT_TRUE(fs::exists(sheets / found["sheet"].get<std::string>())) << line;
  }
  EXPECT_EQ(clips, 8);
}

TEST_F(EndToEnd, ExplainDrawsASheetAFaceAndPrintsWhatItShows) {
  const fs::path output = *folder / "evidence";
  const std::string data = small_data(*folder, 8);
  const std::string command = std::string(DFD_TRAINER) + " explain --model " +
                              test::shared_model() + " " + data + "/Celeb-real/id0_0000.mp4 -o " +
                              output.string();
  int status = -1;
  const auto explain = [&](const std::string& more) {
    std::istringstream lines(run(command + more, status));
    EXPECT_EQ(status, 0);
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(lines, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  };
  const auto all = explain("");
  // Ten samples of the second at most, of which the fourth fills the first window.
  ASSERT_GE(all.size(), 2U);
  ASSERT_LE(all.size(), 10U - test::kTestWindow + 1);
  for (const auto& line : all) {
    ASSERT_EQ(line["map"].size(), 64U);
    EXPECT_EQ(line["track"], all[0]["track"]);
    EXPECT_EQ(*std::max_element(line["map"].begin(), line["map"].end()), 1.0);
    EXPECT_GE(*std::min_element(line["map"].begin(), line["map"].end()), 0.0);
    EXPECT_NEAR(line["region"][2].get<double>(), 1, 0.1) << "a box without margin is the crop";
    for (const char* key : {"probability", "score"}) {
      EXPECT_GE(line[key].get<double>(), 0) << key;
      EXPECT_LE(line[key].get<double>(), 1) << key;
    }
  }
  EXPECT_GT(all[1]["time"], all[0]["time"]);
  const fs::path sheet = output / ("track-" + std::to_string(all[0]["track"].get<int>()) + ".png");
  const cv::Mat picture = cv::imread(sheet.string());
  EXPECT_GT(picture.cols, 600);
  EXPECT_GT(picture.rows, 400);

  const auto few = explain(" --rate 4 --method hires-cam");
  ASSERT_GE(few.size(), 1U);
  EXPECT_LT(few.size(), all.size());
  EXPECT_EQ(few[0]["time"], all[0]["time"]);
  EXPECT_EQ(few[0]["score"], all[0]["score"]);
  EXPECT_NE(few[0]["map"], all[0]["map"]);
}

// The first frames of a clip, or of nothing at all but grey.
void write_frames(const fs::path& video, int frames, const std::string& clip = "") {
  const cv::Size size(640, 480);
  dfd::VideoWriter writer(video.string(), {size, 25, 23});
  std::optional<dfd::VideoReader> reader;
  if (!clip.empty()) reader.emplace(clip);
  for (int i = 0; i < frames; ++i) {
    cv::Mat picture(size, CV_8UC3, cv::Scalar(90, 90, i));
    if (reader) {
      const auto frame = reader->next();
      ASSERT_TRUE(frame);
      const cv::Size whole(frame->view.width, frame->view.height);
      cv::resize(dfd::rgb_region(frame->view, {{0, 0}, whole}), picture, size);
    }
    writer.write(picture);
  }
  writer.close();
}

TEST_F(EndToEnd, ExplainSaysWhereThereIsNothingToExplain) {
  const std::string data = small_data(*folder, 8);
  const auto expect = [&](const std::string& video, const std::string& text) {
    int status = 0;
    const std::string output =
        run(std::string(DFD_TRAINER) + " explain --model " + test::shared_model() + " " + video +
                " -o " + (*folder / "nothing").string() + " 2>&1",
            status);
    EXPECT_NE(status, 0) << video;
    EXPECT_NE(output.find(text), std::string::npos) << video << ": " << output;
  };
  const std::string grey = (*folder / "grey.mp4").string();
  write_frames(grey, 30);
  expect(grey, "no face was found");
  const std::string brief = (*folder / "brief.mp4").string();
  write_frames(brief, 6, data + "/Celeb-real/id0_0000.mp4");
  expect(brief, "a whole window of 4 samples");
  expect(data + "/List_of_testing_videos.txt", "List_of_testing_videos.txt: ");
}

TEST(Trainer, SaysWhatIsWrong) {
  const auto expect = [](const std::string& arguments, const std::string& text) {
    int status = 0;
    const std::string output = run(std::string(DFD_TRAINER) + " " + arguments + " 2>&1", status);
    EXPECT_NE(status, 0) << arguments;
    EXPECT_NE(output.find(text), std::string::npos) << arguments << ": " << output;
  };
  expect("train --data /nowhere --backbone random:1 -o m", "/nowhere: no such folder");
  expect("inspect /nowhere", "/nowhere");
  expect("train --data d --backbone random:1 -o m --crop aligned", "face-model-file");
  expect("train --data d --backbone random:1 -o m --margin 160", "margin 160");
  expect("train --data d --backbone random:1 -o m --learning-rate 0", "learning-rate 0");
  expect("crops --data /nowhere -o sheets", "/nowhere: no such folder");
  expect("synthesize -o /proc/nowhere", "/proc/nowhere");
  expect("import facenet /nowhere.pt -o x", "/nowhere.pt");
  expect("score --model " + test::shared_model() + " /nowhere.png", "/nowhere.png");
  const std::string explain = "explain --model " + test::shared_model() + " ";
  expect(explain + "/nowhere.mp4 -o sheets", "/nowhere.mp4: no such file");
  expect(explain + DFD_TRAINER " -o /proc/nowhere", "/proc/nowhere");
  expect(explain + DFD_TRAINER " -o sheets --rate 0", "explain-rate 0");
  expect(explain + DFD_TRAINER " -o sheets --method guess", "guess");
  expect("", "subcommand");
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
