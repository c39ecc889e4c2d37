// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/kept_crops.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "base/file.h"
#include "data/video.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

class KeptCrops : public testing::Test {
 protected:
  // Frames of one grey.
  Clip clip(const std::string& name, int grey) const {
    const std::string path = (folder_ / name).string();
    VideoWriter writer(path, {{160, 120}, 25, 10});
    for (int i = 0; i < 8; ++i) writer.write(cv::Mat(120, 160, CV_8UC3, cv::Scalar::all(grey)));
    writer.close();
    Clip clip;
    clip.path = path;
    clip.digest = sha256_of_file(path);
    return clip;
  }

  static SamplingRule rule(int frames = 4) {
    SamplingOptions options;
    options.region = Region::kFullFrame;
    options.frames = frames;
    InputRule input;
    input.size = 32;
    return make_rule(options, input);
  }

  // Of each clip, how many crops it has and how grey they are; -1: it could not be read.
  std::vector<std::pair<int, int>> visit(const std::vector<Clip>& clips, const SamplingRule& rule) {
    CropStore store((folder_ / "cache").string(), CropFormat::kLossless,
                    [&](const std::string& line) { said_ += line + "\n"; });
    std::vector<std::pair<int, int>> seen;
    visit_crops(
        clips, rule, store, [&](const std::string& line) { said_ += line + "\n"; },
        [&](std::size_t number, const std::optional<ClipCrops>& crops) {
          EXPECT_EQ(number, seen.size());
          seen.emplace_back(-1, 0);
          if (!crops) return;
          const auto& track = crops->tracks.at(0);
          seen.back() = {static_cast<int>(track.size()),
                         static_cast<int>(cv::mean(track.at(0).rgb)[0] + 0.5)};
        });
    return seen;
  }

  fs::path folder_ = test::scratch_folder("kept_crops");
  std::string said_;
};

void damage(const Clip& clip) { std::ofstream(clip.path, std::ios::trunc) << "no video"; }

TEST_F(KeptCrops, AreReadOnce) {
  const std::vector<Clip> clips{clip("dark.mp4", 40), clip("light.mp4", 200)};
  const auto first = visit(clips, rule());
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].first, 4);
  EXPECT_NEAR(first[0].second, 40, 3);
  EXPECT_NEAR(first[1].second, 200, 3);
  for (const Clip& clip : clips) damage(clip);
  // Others in front of them, which are new.
  const Clip newcomer = clip("middle.mp4", 120);
  const auto again = visit({newcomer, clips[1], clips[0]}, rule());
  ASSERT_EQ(again.size(), 3U);
  EXPECT_NEAR(again[0].second, 120, 3);
  EXPECT_EQ(again[1], first[1]);
  EXPECT_EQ(again[2], first[0]);
  EXPECT_EQ(said_, "");
}

TEST_F(KeptCrops, AnotherRuleIsReadForItself) {
  const std::vector<Clip> clips{clip("dark.mp4", 40)};
  EXPECT_EQ(visit(clips, rule(4)).at(0).first, 4);
  EXPECT_EQ(visit(clips, rule(2)).at(0).first, 2);
}

TEST_F(KeptCrops, AClipThatCannotBeReadIsSaidAndReadAnewNextTime) {
  const std::vector<Clip> clips{clip("dark.mp4", 40), clip("broken.mp4", 90)};
  const fs::path whole = folder_ / "whole";
  fs::copy_file(clips[1].path, whole);
  damage(clips[1]);
  const auto seen = visit(clips, rule());
  EXPECT_EQ(seen.at(0).first, 4);
  EXPECT_EQ(seen.at(1).first, -1);
  EXPECT_NE(said_.find("broken.mp4"), std::string::npos) << said_;
  fs::copy_file(whole, clips[1].path, fs::copy_options::overwrite_existing);
  EXPECT_EQ(visit(clips, rule()).at(1).first, 4);
}

TEST(CropKeys, TellFormatsClipsAndRecodedOnesApart) {
  Clip one;
  one.digest = "1";
  Clip other;
  other.digest = "2";
  SamplingRule rule;
  const CropKeys lossless(rule, CropFormat::kLossless);
  const CropKeys jpeg(rule, CropFormat::kJpeg);
  EXPECT_NE(lossless.of(one), lossless.of(other));
  EXPECT_NE(lossless.of(one), jpeg.of(one));
  EXPECT_NE(lossless.of(one), lossless.of_recoded(one));
  EXPECT_EQ(lossless.of(one), CropKeys(rule, CropFormat::kLossless).of(one));
}

}  // namespace
}  // namespace dfd
