// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures for people.

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/picture.h"
#include "data/video.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

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
    const cv::Mat sheet = cv::imread((sheets / found["sheet"].get<std::string>()).string());
    // At least a line of text and a row of crops as large as the network's input.
    EXPECT_GE(sheet.rows, 160) << line;
    EXPECT_EQ(sheet.cols, 1600) << line;
  }
  EXPECT_EQ(clips, 8);
}

TEST_F(EndToEnd, ExplainDrawsASheetAFaceAndPrintsWhatItShows) {
  const fs::path output = *folder / "evidence";
  const std::string data = small_data(*folder, 8);
  const std::string command = std::string(DFD_TRAINER) + " explain --model " + shared_model() +
                              " " + data + "/Celeb-real/id0_0000.mp4 -o " + output.string();
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
  ASSERT_LE(all.size(), 10U - kTestWindow + 1);
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
  VideoWriter writer(video.string(), {size, 25, 23});
  std::optional<VideoReader> reader;
  if (!clip.empty()) reader.emplace(clip);
  for (int i = 0; i < frames; ++i) {
    cv::Mat picture(size, CV_8UC3, cv::Scalar(90, 90, i));
    if (reader) {
      const auto frame = reader->next();
      ASSERT_TRUE(frame);
      const cv::Size whole(frame->view.width, frame->view.height);
      cv::resize(rgb_region(frame->view, {{0, 0}, whole}), picture, size);
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
        run(std::string(DFD_TRAINER) + " explain --model " + shared_model() + " " + video + " -o " +
                (*folder / "nothing").string() + " 2>&1",
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

}  // namespace
}  // namespace dfd::test
