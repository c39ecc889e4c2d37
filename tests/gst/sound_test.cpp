// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the scripts leave of a video's sound: all of it.

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "encoder_harness.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

// A video of 3 s whose sound begins later than its picture, with so many tracks of sound.
fs::path make_clip(const fs::path& folder, int tracks) {
  const fs::path path = folder / "clip.mp4";
  std::string inputs = "ffmpeg -v error -y -f lavfi -i testsrc=size=320x240:rate=25:duration=3 ";
  std::string maps = "-map 0:v ";
  for (int i = 0; i < tracks; ++i) {
    inputs += "-itsoffset 0.4 -f lavfi -i sine=frequency=" + std::to_string(300 + 200 * i) +
              ":duration=2.5 ";
    maps += "-map " + std::to_string(i + 1) + ":a ";
  }
  const test::Command made(inputs + maps + "-c:v libx264 -pix_fmt yuv420p -c:a aac " +
                           path.string());
  EXPECT_EQ(made.status, 0) << made.output;
  return path;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// When each track of a kind ("v", "a") begins, in seconds.
std::vector<double> begins_of(const fs::path& file, const std::string& kind) {
  const test::Command probed("ffprobe -v error -select_streams " + kind +
                             " -show_entries stream=start_time -of default=nk=1:nw=1 " +
                             file.string());
  EXPECT_EQ(probed.status, 0) << probed.output;
  std::vector<double> begins;
  for (const std::string& line : lines_of(probed.output)) begins.push_back(std::stod(line));
  return begins;
}

// A digest of a track's coded sound.
std::string sound_of(const fs::path& file, std::size_t track) {
  const test::Command read("ffmpeg -v error -i " + file.string() +
                           " -map 0:a:" + std::to_string(track) + " -c copy -f md5 -");
  EXPECT_EQ(read.status, 0) << read.output;
  return read.output;
}

// A script that writes a file, with an argument for each place.
struct Script {
  const char* name;
  const char* output;
};

class Sound : public testing::TestWithParam<Script> {};

TEST_P(Sound, EveryTrackIsCopiedAndInTime) {
  const fs::path folder = test::scratch_folder(std::string("sound_") + GetParam().name);
  for (const int tracks : {0, 1, 2}) {
    const fs::path clip = make_clip(folder, tracks);
    const fs::path out = folder / (std::to_string(tracks) + GetParam().output);
    const test::Command played("BUILD=" DFD_TEST_SCRATCH "/.. " DFD_SOURCE "/pipelines/" +
                               std::string(GetParam().name) + " " + test::shared_model() + " " +
                               clip.string() + " " + out.string());
    ASSERT_EQ(played.status, 0) << played.output;
    const std::vector<double> before = begins_of(clip, "a");
    const std::vector<double> after = begins_of(out, "a");
    ASSERT_EQ(after.size(), static_cast<std::size_t>(tracks)) << played.output;
    const double picture_before = begins_of(clip, "v").at(0);
    const double picture_after = begins_of(out, "v").at(0);
    for (std::size_t i = 0; i < after.size(); ++i) {
      EXPECT_NEAR(after[i] - picture_after, before[i] - picture_before, 0.04) << "track " << i;
      EXPECT_EQ(sound_of(out, i), sound_of(clip, i)) << "track " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Scripts, Sound,
                         testing::Values(Script{"annotate.sh", ".mp4"}, Script{"join.sh", ".mp4"},
                                         Script{"tee.sh", ".mp4"},
                                         Script{"sei-roundtrip.sh", ".mp4"}),
                         [](const auto& tried) {
                           std::string name = tried.param.name;
                           for (char& letter : name)
                             letter = letter == '.' || letter == '-' ? '_' : letter;
                           return name;
                         });

TEST(SoundOfAPlayer, IsCopiedToo) {
  const fs::path folder = test::scratch_folder("sound_player");
  const fs::path clip = make_clip(folder, 2);
  const fs::path out = folder / "out.mp4";
  const test::Command played(DFD_SOURCE "/pipelines/verdicts.py -o " + out.string() + " " +
                             test::shared_model() + " " + clip.string());
  ASSERT_EQ(played.status, 0) << played.output;
  ASSERT_EQ(begins_of(out, "a").size(), 2U);
  for (const std::size_t track : {0U, 1U}) EXPECT_EQ(sound_of(out, track), sound_of(clip, track));
}

TEST(SoundThatCannotBeCopied, IsSaidToBeLeftOut) {
  const fs::path folder = test::scratch_folder("sound_vorbis");
  const fs::path clip = folder / "clip.mkv";
  const test::Command made(
      "ffmpeg -v error -y -f lavfi -i testsrc=size=320x240:rate=25:duration=2 -f lavfi -i "
      "sine=duration=2 -c:v libx264 -pix_fmt yuv420p -c:a libvorbis " +
      clip.string());
  ASSERT_EQ(made.status, 0) << made.output;
  const fs::path out = folder / "out.mp4";
  const test::Command played("BUILD=" DFD_TEST_SCRATCH "/.. " DFD_SOURCE "/pipelines/tee.sh " +
                             test::shared_model() + " " + clip.string() + " " + out.string());
  EXPECT_EQ(played.status, 0) << played.output;
  EXPECT_NE(played.output.find("coded as vorbis"), std::string::npos) << played.output;
  EXPECT_TRUE(begins_of(out, "a").empty());
  EXPECT_EQ(begins_of(out, "v").size(), 1U);
}

}  // namespace
