// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The main job, whole: draw a data set, train on it, measure on people and clips it has not seen,
// and play such clips through the element.

#include <gst/gst.h>

#include <array>
#include <cstdio>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
double play(const fs::path& clip, const fs::path& model) {
  const std::string line =
      "filesrc location=" + clip.string() +
      " ! decodebin ! videoconvert ! deepfakedetect model-file=" + model.string() + " ! fakesink";
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

TEST(EndToEnd, ATrainedModelTellsUnseenDrawnFakes) {
  const fs::path folder = test::scratch_folder("end_to_end");
  const fs::path data = folder / "data";
  const fs::path model = folder / "demo.safetensors";
  int status = -1;
  run(std::string(DFD_TRAINER) + " synthesize -o " + data.string() + " --clips 80 --seed 1",
      status);
  ASSERT_EQ(status, 0);
  const std::string epochs = run(std::string(DFD_TRAINER) + " train --data " + data.string() +
                                     " --backbone random:1 --epochs 20 -o " + model.string(),
                                 status);
  ASSERT_EQ(status, 0) << epochs;
  const auto last = nlohmann::json::parse(epochs.substr(epochs.rfind('{')));
  EXPECT_EQ(last["epoch"], 20);

  const auto result = nlohmann::json::parse(run(
      std::string(DFD_TRAINER) + " evaluate --data " + data.string() + " --model " + model.string(),
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
  const fs::path unseen = folder / "unseen";
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

TEST(Trainer, SaysWhatIsWrong) {
  const auto expect = [](const std::string& arguments, const std::string& text) {
    int status = 0;
    const std::string output = run(std::string(DFD_TRAINER) + " " + arguments + " 2>&1", status);
    EXPECT_NE(status, 0) << arguments;
    EXPECT_NE(output.find(text), std::string::npos) << arguments << ": " << output;
  };
  expect("train --data /nowhere --backbone random:1 -o m", "/nowhere: no such folder");
  expect("inspect /nowhere", "/nowhere");
  expect("synthesize -o /proc/nowhere", "/proc/nowhere");
  expect("import facenet /nowhere.pt -o x", "/nowhere.pt");
  expect("score --model " + test::shared_model() + " /nowhere.png", "/nowhere.png");
  expect("", "subcommand");
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
