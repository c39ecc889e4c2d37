// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/video.h"

#include <gst/gst.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;

void write_clip(const fs::path& path, int frames) {
  VideoWriter writer(path.string(), {{160, 120}, 25, 23});
  for (int i = 0; i < frames; ++i) {
    writer.write(cv::Mat(120, 160, CV_8UC3, cv::Scalar(40 + i, 90, 200 - i)));
  }
  writer.close();
}

std::vector<Timestamp> times_of(const fs::path& path) {
  VideoReader reader(path.string());
  std::vector<Timestamp> times;
  while (const auto frame = reader.next()) times.push_back(frame->time);
  return times;
}

// What reading the file to its end says.
std::string error_of(const std::string& path) {
  try {
    VideoReader reader(path, 500ms);
    while (reader.next()) {
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Video, EveryFrameComesBackInOrder) {
  const fs::path clip = test::scratch_folder("video") / "clip.mp4";
  write_clip(clip, 40);
  const std::vector<Timestamp> times = times_of(clip);
  ASSERT_EQ(times.size(), 40U);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], 40ms) << i;
}

TEST(Video, NamesTheCodecOfThePicture) {
  const fs::path clip = test::scratch_folder("video_codec") / "clip.mp4";
  write_clip(clip, 2);
  VideoReader reader(clip.string());
  while (reader.next()) {
  }
  EXPECT_EQ(reader.codec().rfind("H.264", 0), 0U) << reader.codec();
}

TEST(Video, FramesWithoutATimestampFollowEachOther) {
  // A bare H.264 stream has none behind its first frame, or none at all.
  const fs::path folder = test::scratch_folder("untimed");
  write_clip(folder / "clip.mp4", 20);
  const std::string command = "ffmpeg -v error -i " + (folder / "clip.mp4").string() +
                              " -c copy -f h264 " + (folder / "clip.h264").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::vector<Timestamp> times = times_of(folder / "clip.h264");
  ASSERT_EQ(times.size(), 20U);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_GT(times[i], times[i - 1]) << i;
}

TEST(Video, AFileThatIsCutOffEndsInAnError) {
  const fs::path folder = test::scratch_folder("cut_off");
  write_clip(folder / "whole.mp4", 25);
  const std::string bytes = test::bytes_of(folder / "whole.mp4");
  // The index is at its end. Now and then the demuxer's error is lost on its way, so several times.
  for (int i = 0; i < 12; ++i) {
    const std::string cut = (folder / ("cut" + std::to_string(i) + ".mp4")).string();
    std::ofstream(cut, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    EXPECT_NE(error_of(cut).find(cut), std::string::npos) << error_of(cut);
  }
}

TEST(Video, WhatIsNoFileOfVideoIsAnError) {
  const fs::path folder = test::scratch_folder("no_video");
  mkfifo((folder / "pipe.mp4").c_str(), 0600);
  std::ofstream(folder / "empty.mp4");
  std::ofstream(folder / "text.mp4") << "no video";
  for (const char* name : {"nothing.mp4", "pipe.mp4", "empty.mp4", "text.mp4", "."}) {
    const std::string path = (folder / name).string();
    EXPECT_NE(error_of(path).find(path), std::string::npos) << path << ": " << error_of(path);
    EXPECT_EQ(error_of(path).find("no frame came"), std::string::npos) << "only after a while";
  }
}

TEST(VideoWriter, LeavesWhatWasThereUntilItIsClosed) {
  const fs::path folder = test::scratch_folder("writer");
  write_clip(folder / "clip.mp4", 5);
  {
    VideoWriter writer((folder / "clip.mp4").string(), {{160, 120}, 25, 23});
    for (int i = 0; i < 30; ++i) writer.write(cv::Mat(120, 160, CV_8UC3, cv::Scalar(i, 0, 0)));
  }
  EXPECT_EQ(times_of(folder / "clip.mp4").size(), 5U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  try {
    VideoWriter writer("/nowhere/clip.mp4", {{160, 120}, 25, 23});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
  }
}

// Writes a rotation by 90 degrees to the right into the header of an mp4's track, as phones do.
void turn(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  constexpr std::size_t kMatrix = 44;  // Bytes from the box's name; ISO/IEC 14496-12, 8.3.2.
  const std::size_t header = bytes.find("tkhd");
  ASSERT_NE(header, std::string::npos);
  const std::uint32_t matrix[] = {0, 0x10000, 0, 0xFFFF0000, 0, 0, 0, 0, 0x40000000};
  std::size_t at = header + kMatrix;
  for (const std::uint32_t number : matrix) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes[at++] = static_cast<char>(number >> shift);
  }
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(VideoReader, FramesKnowHowTheFileTurnsThem) {
  const fs::path path = test::scratch_folder("turned") / "clip.mp4";
  write_clip(path, 5);
  EXPECT_EQ(VideoReader(path.string()).next()->view.orientation, Orientation::kIdentity);
  turn(path);
  VideoReader reader(path.string());
  int frames = 0;
  while (const auto frame = reader.next()) {
    EXPECT_EQ(frame->view.orientation, Orientation::kRotate90);
    EXPECT_EQ(frame->view.width, 160);
    ++frames;
  }
  EXPECT_EQ(frames, 5);
}

}  // namespace
}  // namespace dfd
