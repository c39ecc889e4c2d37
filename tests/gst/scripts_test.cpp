// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the scripts of pipelines/ write, and the example of a media server.

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "encoder_harness.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

std::string make_clip(const fs::path& folder, int frames) {
  std::string clip = (folder / "clip.mp4").string();
  const test::Command made(
      "gst-launch-1.0 -q videotestsrc pattern=ball num-buffers=" + std::to_string(frames) +
      " ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
      "! x264enc ! mp4mux ! filesink location=" +
      clip);
  EXPECT_EQ(made.status, 0) << made.output;
  return clip;
}

test::Command script(const std::string& line) {
  return test::Command("BUILD=" DFD_TEST_SCRATCH "/.. " DFD_SOURCE "/pipelines/" + line);
}

TEST(Scripts, JsonLinesAreLinesOfJson) {
  const fs::path folder = test::scratch_folder("scripts_json");
  const std::string out = (folder / "out.jsonl").string();
  const test::Command played =
      script("json-lines.sh " + test::shared_model() + " " + make_clip(folder, 75) + " " + out);
  ASSERT_EQ(played.status, 0) << played.output;
  const std::string text = test::bytes_of(out);
  const auto line = nlohmann::json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(line["source"], "clip.mp4");
}

TEST(Scripts, ATransportStreamCarriesTheResultsBesideThePicture) {
  const fs::path folder = test::scratch_folder("scripts_klv");
  const std::string out = (folder / "out.ts").string();
  const test::Command played =
      script("ts-klv.sh " + test::shared_model() + " " + make_clip(folder, 75) + " " + out);
  ASSERT_EQ(played.status, 0) << played.output;
  const test::Command streams("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 " +
                              out);
  EXPECT_NE(streams.output.find("h264"), std::string::npos) << streams.output;
  EXPECT_NE(streams.output.find("klv"), std::string::npos) << streams.output;
}

TEST(Scripts, AMosaicHasFourPicturesAndEndsWithTheLongest) {
  const fs::path folder = test::scratch_folder("scripts_mosaic");
  const std::string clip = make_clip(folder, 50);
  const std::string out = (folder / "out.mp4").string();
  const test::Command played = script("mosaic.sh " + test::shared_model() + " " + out + " " + clip +
                                      " " + clip + " " + clip + " " + clip);
  ASSERT_EQ(played.status, 0) << played.output;
  const test::Command stream(
      "ffprobe -v error -show_entries stream=width,height,nb_frames -of csv=p=0 " + out);
  EXPECT_EQ(stream.output, "1280,720,50\n");
  // Each quarter shows its own picture: a banner is nowhere black.
  for (const char* place : {"0:0", "640:0", "0:360", "640:360"}) {
    const test::Command bright("ffmpeg -v error -i " + out + " -vf crop=640:360:" + place +
                               ",signalstats,metadata=print:file=- -frames:v 1 -f null -");
    EXPECT_EQ(bright.output.find("YMAX=16\n"), std::string::npos) << bright.output;
  }
}

// Nobody decodes the sound, so its end is nobody's news.
TEST(Scripts, AMosaicGoesOnWhereTheTracksOfATransportStreamChange) {
  const fs::path folder = test::scratch_folder("scripts_mosaic_tracks");
  const std::string picture =
      "gst-launch-1.0 -q videotestsrc num-buffers=25 ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! x264enc ! h264parse ! "
      "mpegtsmux name=mux ! filesink location=";
  const std::string first = (folder / "first.ts").string();
  const std::string second = (folder / "second.ts").string();
  const std::string clip = (folder / "clip.ts").string();
  const test::Command made(picture + first +
                           " audiotestsrc num-buffers=43 ! avenc_aac ! aacparse ! mux. && " +
                           picture + second + " && cat " + first + " " + second + " >" + clip);
  ASSERT_EQ(made.status, 0) << made.output;
  const std::string out = (folder / "out.mp4").string();
  // What stalls would do so for ever.
  const test::Command played(
      "BUILD=" DFD_TEST_SCRATCH "/.. timeout 60 " DFD_SOURCE "/pipelines/mosaic.sh " +
      test::shared_model() + " " + out + " " + clip + " " + clip + " " + clip + " " + clip);
  ASSERT_EQ(played.status, 0) << played.output;
  const test::Command stream("ffprobe -v error -show_entries stream=nb_frames -of csv=p=0 " + out);
  // Of both seconds; the seam may add to them.
  EXPECT_GE(std::atoi(stream.output.c_str()), 50) << stream.output;
}

TEST(Scripts, SayWhatIsMissing) {
  for (const char* name : {"mosaic.sh", "json-lines.sh", "ts-klv.sh"}) {
    const test::Command without = script(std::string(name) + " 2>&1");
    EXPECT_EQ(without.status, 2 << 8) << name;
    EXPECT_NE(without.output.find("usage: "), std::string::npos) << without.output;
  }
  const test::Command missing =
      script("mosaic.sh " + test::shared_model() + " out.mp4 /nowhere.mp4 a b c 2>&1");
  EXPECT_NE(missing.output.find("/nowhere.mp4: no such file"), std::string::npos) << missing.output;
}

#ifdef DFD_RTSP_MOUNT
// The server's pipeline is as live as its readers: enough of it for a line or two.
TEST(AMediaServer, SendsVerdictsInsideItsStream) {
  const fs::path folder = test::scratch_folder("scripts_rtsp");
  const std::string clip = make_clip(folder, 250);
  const test::Command heard(
      "port=$(python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); "
      "print(s.getsockname()[1])'); " DFD_RTSP_MOUNT " " +
      clip + " $port " + test::shared_model() +
      " >/dev/null & server=$!; trap 'kill $server' EXIT; "
      "for try in 1 2 3 4 5 6 7 8 9 10; do gst-launch-1.0 -q rtspsrc "
      "location=rtsp://127.0.0.1:$port/watched ! rtph264depay ! h264parse ! deepfakeseiextract ! "
      "deepfakejsonenc ! fdsink 2>/dev/null | head -n 3 | grep . && break; sleep 0.5; done");
  ASSERT_FALSE(heard.output.empty());
  const auto line = nlohmann::json::parse(heard.output.substr(0, heard.output.find('\n')));
  EXPECT_TRUE(line["deepfake"].contains("verdict")) << heard.output;
}
#endif

}  // namespace
