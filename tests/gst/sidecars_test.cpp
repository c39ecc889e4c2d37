// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Texts beside a live stream, read while it plays, and after its process was killed.

#include <gst/gst.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "encoder_harness.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

auto lines_in(const fs::path& file) {
  const std::string text = test::bytes_of(file);
  return std::count(text.begin(), text.end(), '\n');
}

bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    g_usleep(20000);
  }
  return false;
}

TEST(LiveSidecars, AreThereWhileItPlaysAndAfterAKill) {
  const fs::path folder = test::scratch_folder("live_sidecars");
  const fs::path json = folder / "verdicts.jsonl";
  const fs::path vtt = folder / "verdicts.vtt";
  const std::string line =
      "exec gst-launch-1.0 -q videotestsrc is-live=true pattern=ball ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "
      "deepfakedetect inference-region=full-frame model-file=" +
      test::shared_model(dfd::Region::kFullFrame) +
      " ! tee name=t t. ! queue ! deepfakejsonenc ! filesink buffer-mode=unbuffered location=" +
      json.string() +
      " t. ! queue ! deepfakevttenc max-cue-duration=200000000 ! filesink buffer-mode=unbuffered "
      "location=" +
      vtt.string();
  std::vector<std::string> words{"/bin/sh", "-c", line};
  std::vector<char*> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
  GPid pid = 0;
  ASSERT_TRUE(g_spawn_async(nullptr, arguments.data(), nullptr, G_SPAWN_DO_NOT_REAP_CHILD, nullptr,
                            nullptr, &pid, nullptr));
  const bool written = comes_true([&] { return lines_in(json) >= 10 && lines_in(vtt) >= 12; });
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), 0) << "it plays no more";
  const auto lines = lines_in(json);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  ASSERT_TRUE(written);
  EXPECT_GE(lines_in(json), lines);
  EXPECT_EQ(test::bytes_of(json).back(), '\n') << "half a line";
  const std::string cues = test::bytes_of(vtt);
  EXPECT_EQ(cues.rfind("WEBVTT\n\n", 0), 0U);
  EXPECT_EQ(cues.substr(cues.size() - 2), "\n\n") << "half a cue";
}

TEST(Hls, SubtitleSegmentsAreReadWithTheTimesOfTheText) {
  const fs::path folder = test::scratch_folder("hls");
  const std::string clip = (folder / "clip.mp4").string();
  const test::Command made(
      "gst-launch-1.0 -q videotestsrc num-buffers=250 pattern=ball ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! x264enc ! mp4mux ! "
      "filesink location=" +
      clip);
  ASSERT_EQ(made.status, 0) << made.output;
  const std::string script = "BUILD=" DFD_TEST_SCRATCH "/.. " DFD_SOURCE "/pipelines/hls.sh ";
  const std::string arguments = test::shared_model() + " " + clip + " ";
  const std::string out = (folder / "out").string();
  const test::Command played(script + arguments + out);
  ASSERT_EQ(played.status, 0) << played.output;
  const std::string master = test::bytes_of(out + "/master.m3u8");
  EXPECT_NE(master.find("TYPE=SUBTITLES"), std::string::npos) << master;
  EXPECT_NE(master.find("\nvideo.m3u8"), std::string::npos) << master;
  for (const char* number : {"00000", "00001", "00002"}) {
    const std::string segment = test::bytes_of(out + "/verdicts" + number + ".vtt");
    EXPECT_EQ(segment.rfind("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:", 0), 0U) << segment;
    EXPECT_TRUE(fs::exists(out + "/video" + number + ".ts")) << number;
  }
  const auto cues_of = [](const std::string& file) {
    return test::Command("ffmpeg -v error -i " + file + " -f srt -").output;
  };
  EXPECT_FALSE(cues_of(out + "/verdicts.vtt").empty());
  EXPECT_EQ(cues_of(out + "/verdicts.m3u8"), cues_of(out + "/verdicts.vtt"));

  const test::Command again(script + arguments + out);
  EXPECT_NE(again.status, 0);
  EXPECT_NE(again.output.find("is not empty"), std::string::npos) << again.output;
}

}  // namespace
