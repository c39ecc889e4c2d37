// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/crops.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "backbone/backbone.h"
#include "data/video.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Every frame is of another grey, so that a crop tells where it comes from.
void write_clip(const fs::path& path, int frames) {
  VideoWriter writer(path.string(), {{160, 120}, 25, 10});
  for (int i = 0; i < frames; ++i) {
    writer.write(cv::Mat(120, 160, CV_8UC3, cv::Scalar::all(20 + 4 * i)));
  }
  writer.close();
}

// ffmpeg's options between what is read and what is written.
void convert(const fs::path& from, const std::string& options, const fs::path& to) {
  const std::string command =
      "ffmpeg -v error -y -i " + from.string() + " " + options + " -c:v copy " + to.string();
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

SamplingRule whole_frames(int frames) {
  SamplingOptions options;
  options.region = Region::kFullFrame;
  options.frames = frames;
  InputRule input;
  input.size = 32;
  return make_rule(options, input);
}

std::vector<double> greys_of(const ClipCrops& clip) {
  std::vector<double> greys;
  for (const Crop& crop : clip.tracks.at(0)) greys.push_back(cv::mean(crop.rgb)[0]);
  return greys;
}

class Crops : public testing::Test {
 protected:
  fs::path folder_ = test::scratch_folder("crops");
};

TEST_F(Crops, AreSpreadOverTheWholeClipWhateverLengthItStates) {
  write_clip(folder_ / "clip.mp4", 50);
  // A bare stream states none.
  convert(folder_ / "clip.mp4", "", folder_ / "clip.h264");
  // So long is the sound: by it there were 100 frames.
  convert(folder_ / "clip.mp4", "-f lavfi -i anullsrc -t 4", folder_ / "sound.mp4");
  {
    VideoReader bare((folder_ / "clip.h264").string());
    VideoReader sound((folder_ / "sound.mp4").string());
    VideoReader usual((folder_ / "clip.mp4").string());
    for (VideoReader* reader : {&bare, &sound, &usual}) ASSERT_TRUE(reader->next());
    EXPECT_EQ(usual.expected_frames(), 50);
    ASSERT_NE(bare.expected_frames(), 50);
    ASSERT_NEAR(static_cast<double>(sound.expected_frames()), 100, 2);
  }
  const SamplingRule rule = whole_frames(10);
  const std::vector<double> greys = greys_of(read_crops((folder_ / "clip.mp4").string(), rule));
  ASSERT_EQ(greys.size(), 10U);
  for (std::size_t i = 0; i < greys.size(); ++i) {
    EXPECT_NEAR(greys[i], 20 + 20 * static_cast<double>(i), 3) << i;
  }
  for (const char* name : {"clip.h264", "sound.mp4"}) {
    EXPECT_EQ(greys_of(read_crops((folder_ / name).string(), rule)), greys) << name;
  }
}

TEST_F(Crops, TellHowFarApartTheyAre) {
  write_clip(folder_ / "clip.mp4", 30);
  const std::string path = (folder_ / "clip.mp4").string();
  EXPECT_NEAR(read_crops(path, whole_frames(10)).sample_rate, 25.0 / 3, 1e-6);
  // Of a clip that has fewer frames each is one.
  EXPECT_NEAR(read_crops(path, whole_frames(60)).sample_rate, 25, 1e-6);
  // The seed takes the first twenty of thirty.
  SamplingRule seed = whole_frames(20);
  seed.choice = FrameChoice::kSeed;
  EXPECT_NEAR(read_crops(path, seed).sample_rate, 25, 1e-6);
  seed.choice = FrameChoice::kEven;
  EXPECT_NEAR(read_crops(path, seed).sample_rate, 25 / 1.5, 1e-6);
}

}  // namespace
}  // namespace dfd
