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
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/picture.h"
#include "support/test_model.h"
#include "video.h"

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
  EXPECT_EQ(result["warning"], "random backbone: demonstration only");
  double sum = 0;
  int kinds = 0;
  for (const auto& [kind, metrics] : result["by_kind"].items()) {
    std::printf("%s: AUC %.3f\n", kind.c_str(), metrics["auc"].get<double>());
    if (kind == "rescale") continue;  // Left out of training: no bound.
    sum += metrics["auc"].get<double>();
    ++kinds;
  }
  ASSERT_EQ(kinds, 3);
  EXPECT_GE(sum / kinds, 0.9);

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

// A few short clips, for what needs no good model.
std::string small_data(const fs::path& folder, int clips) {
  const std::string data = (folder / ("small" + std::to_string(clips))).string();
  int status = -1;
  run(std::string(DFD_TRAINER) + " synthesize --seed 3 --seconds 1 -o " + data + " --clips " +
          std::to_string(clips),
      status);
  EXPECT_EQ(status, 0);
  return data;
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
