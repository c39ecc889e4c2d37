// SPDX-License-Identifier: LGPL-2.1-or-later

#include "trainer/end_to_end/trainer_runs.h"

#include <gst/gst.h>

#include <array>
#include <cstdio>

namespace dfd::test {

std::string run(const std::string& command, int& status) {
  std::string output;
  std::array<char, 4096> part{};
  FILE* pipe = popen(command.c_str(), "r");
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
  status = pclose(pipe);
  return output;
}

double play(const fs::path& clip, const fs::path& model, const std::string& more) {
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

std::string small_data(const fs::path& folder, int clips, int seed) {
  const std::string data = (folder / ("small" + std::to_string(clips))).string();
  int status = -1;
  run(std::string(DFD_TRAINER) + " synthesize --seconds 1 -o " + data + " --clips " +
          std::to_string(clips) + " --seed " + std::to_string(seed),
      status);
  EXPECT_EQ(status, 0);
  return data;
}

nlohmann::json summary_in(const std::string& output) {
  const std::size_t begin = output.find("{\"summary\"");
  EXPECT_NE(begin, std::string::npos) << output;
  if (begin == std::string::npos) return nlohmann::json::object();
  return nlohmann::json::parse(output.substr(begin, output.find('\n', begin) - begin))["summary"];
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace dfd::test
