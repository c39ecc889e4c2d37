// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures and clips of real streams.

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "evidence/picture_maker.h"
#include "evidence/segment_writer.h"
#include "monitor/media_servers.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"
#include "store/database.h"
#include "store/evidence_files.h"

namespace {

namespace fs = std::filesystem;

using dfd::monitor::jpeg_of;
using dfd::monitor::Sample;
using dfd::monitor::SegmentWriter;
using dfd::monitor::sha256_of;
using dfd::monitor::test::Answer;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::fits_schema;
using dfd::monitor::test::FolderServer;
using dfd::monitor::test::free_port;
using dfd::monitor::test::has_metric;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtmpServer;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::Sender;
using dfd::monitor::test::succeeds;
using dfd::monitor::test::write_config;

// Width and height from the header of the coded picture.
std::pair<int, int> size_of(const std::string& jpeg) {
  const auto at = [&](std::size_t i) { return int(static_cast<unsigned char>(jpeg.at(i))); };
  if (jpeg.size() < 4 || at(0) != 0xff || at(1) != 0xd8) return {0, 0};
  for (std::size_t i = 2; i + 8 < jpeg.size(); i += std::size_t(2 + at(i + 2) * 256 + at(i + 3))) {
    if (at(i + 1) == 0xc0) return {at(i + 7) * 256 + at(i + 8), at(i + 5) * 256 + at(i + 6)};
  }
  return {0, 0};
}

Sample sample_of(const char* text, std::size_t bytes) {
  GstCaps* caps = gst_caps_from_string(text);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  gst_buffer_memset(buffer, 0, 100, bytes);
  GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
  gst_buffer_unref(buffer);
  gst_caps_unref(caps);
  return Sample(sample);
}

TEST(JpegOf, KeepsTheShapeThatIsShown) {
  gst_init(nullptr, nullptr);
  const Sample wide =
      sample_of("video/x-raw,format=GRAY8,width=1280,height=720,framerate=25/1", 1280 * 720);
  EXPECT_EQ(size_of(jpeg_of(wide.get(), 320)), std::make_pair(320, 180));
  EXPECT_EQ(size_of(jpeg_of(wide.get(), 0)), std::make_pair(1280, 720));
  const Sample broadcast = sample_of(
      "video/x-raw,format=GRAY8,width=720,height=576,pixel-aspect-ratio=64/45,framerate=25/1",
      720 * 576);
  EXPECT_EQ(size_of(jpeg_of(broadcast.get(), 320)), std::make_pair(320, 180));
  const Sample small =
      sample_of("video/x-raw,format=GRAY8,width=64,height=48,framerate=25/1", 64 * 48);
  EXPECT_EQ(size_of(jpeg_of(small.get(), 320)), std::make_pair(64, 48));
}

TEST(JpegOf, SaysThatAFormatIsUnknown) {
  gst_init(nullptr, nullptr);
  const Sample odd = sample_of("application/octet-stream", 10);
  EXPECT_THROW(jpeg_of(odd.get(), 320), std::runtime_error);
}

TEST(Run, GivesANewPictureToWhoeverLooks) {
  RtspServer server(RtspServer::test_picture());
  Program program({"run", write_config("thumbnail.toml", server.uri())});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", ""); })) << program.all();
  const std::string path = program.address() + "/api/v1/streams/ch1/thumbnail.jpg";
  Answer picture;
  ASSERT_TRUE(comes_true([&] { return (picture = request("GET", path)).status == 200; }));
  EXPECT_EQ(size_of(picture.body), std::make_pair(320, 180));
  EXPECT_TRUE(comes_true([&] {
    const Answer next = request("GET", path, {{{"If-None-Match", picture.header("etag")}}, ""});
    return next.status == 200 && next.body != picture.body;
  }));
  EXPECT_EQ(program.stop(), 0) << program.all();
}

// What ffprobe says of a file's packets, a line each: "video,1.234,K__".
std::vector<std::string> packets_of(const std::string& path) {
  const std::string list = scratch("packets.csv");
  const std::string command =
      "ffprobe -v error -show_entries packet=codec_type,pts_time,flags -of csv=p=0 '" + path +
      "' > '" + list + "'";
  if (!succeeds(command)) return {};
  std::istringstream text(content_of(list));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

struct Track {
  int packets = 0;
  double begin = -1;
  double end = -1;
  bool begins_at_keyframe = false;
};

Track track_of(const std::string& path, const std::string& kind) {
  Track track;
  for (const std::string& line : packets_of(path)) {
    if (line.rfind(kind + ",", 0) != 0) continue;
    const double time = std::strtod(line.c_str() + kind.size() + 1, nullptr);
    if (track.packets++ == 0) {
      track.begin = time;
      track.begins_at_keyframe = line.find(",K") != std::string::npos;
    }
    track.end = std::max(track.end, time);
  }
  return track;
}

// Pictures that came so far.
int frames_of(const Program& program, const std::string& stream) {
  if (program.address().empty()) return 0;
  const std::string text = request("GET", program.address() + "/metrics").body;
  const std::string name = "deepfake_frames_total{stream=\"" + stream + "\"} ";
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + name.size());
}

// Coloured bars for four seconds, then black.
std::string goes_black(const std::string& encoder) {
  const std::string size = "video/x-raw,format=I420,width=320,height=180,framerate=25/1";
  return "videotestsrc num-buffers=100 horizontal-speed=3 ! " + size + " ! concat name=both ! " +
         "clocksync ! " + encoder + " videotestsrc pattern=black ! " + size + " ! both. ";
}

constexpr const char* kEncoder =
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! ";

// An alarm that does not end by itself, and a clip of four seconds.
constexpr const char* kBlack =
    "alarm = {rules = [\"black\"]}\nevidence = {pre_roll_s = 2, post_roll_s = 1, max_clip_s = 5}\n";

Json clip_of(const Program& program, const std::string& state, const std::string& stream = "ch1") {
  for (const Json& event : program.events()) {
    if (event["data"].contains("clip") && event["data"]["clip"]["state"] == state &&
        event["data"]["stream"]["id"] == stream) {
      return event["data"]["clip"];
    }
  }
  return nullptr;
}

// The clip that the program tells of, fetched and kept. `name` is what it has to be called.
std::string fetched_clip(const Program& program, const std::string& name,
                         const std::string& stream = "ch1") {
  const auto clip_now = [&] { return clip_of(program, "written", stream); };
  EXPECT_TRUE(comes_true([&] { return clip_now().is_object(); })) << stream << program.all();
  const Json clip = clip_now();
  if (!clip.is_object()) return "";
  const Json& file = clip["files"].at(0);
  EXPECT_EQ(file["name"], name) << program.err();
  const Answer answer =
      request("GET", program.address() + "/api/v1/alarms/" + clip["alarm"].get<std::string>() +
                         "/evidence/" + file["name"].get<std::string>());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(sha256_of(answer.body), file["sha256"]);
  const std::string path = scratch("fetched-" + stream + "-" + name);
  std::ofstream(path, std::ios::binary) << answer.body;
  return path;
}

TEST(Run, AnAlarmOfRtspHasAClipWithItsPreRollAndSound) {
  RtspServer server("( " + goes_black(std::string(kEncoder) + "rtph264pay name=pay0 pt=96") +
                    "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! "
                    "rtpmp4gpay name=pay1 pt=97 )");
  Program program({"run", write_config("clip.toml", server.uri(), kBlack)});
  const std::string path = fetched_clip(program, "clip.mp4");
  const Track pictures = track_of(path, "video");
  EXPECT_TRUE(pictures.begins_at_keyframe);
  EXPECT_GE(pictures.end - pictures.begin, 3.5);
  const Track sound = track_of(path, "audio");
  EXPECT_GT(sound.packets, 0);
  EXPECT_NEAR(sound.begin, pictures.begin, 1);
  const Json clip = clip_of(program, "written");
  EXPECT_GE(clip["pre_roll_s"], 2);
  EXPECT_EQ(clip["files"].at(1)["name"], "best.jpg");
  EXPECT_EQ(clip["files"].at(2)["name"], "clip.json");
  const Answer described =
      request("GET", program.address() + "/api/v1/alarms/" + clip["alarm"].get<std::string>() +
                         "/evidence/clip.json");
  EXPECT_EQ(described.json()["alarm"]["id"], clip["alarm"]);
  EXPECT_EQ(described.json()["clip"]["sound"], true);
  EXPECT_TRUE(has_metric(program, "deepfake_clips_total{stream=\"ch1\"} 1"));
  EXPECT_EQ(program.stop(), 0) << program.all();
  EXPECT_TRUE(fits_schema(program.out()));
}

TEST(Run, WhatGoesDownLeavesItsLastPicturesAndSound) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  auto sender = std::make_unique<Sender>(
      "mpegtsmux name=muxer alignment=7 ! udpsink host=127.0.0.1 port=" + port +
      " audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_ac3 ! muxer.");
  Program program({"run", write_config("down.toml", "udp://127.0.0.1:" + port,
                                       "alarm = {rules = [\"down\"]}\n"
                                       "evidence = {pre_roll_s = 3, post_roll_s = 0}\n")});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", ""); })) << program.all();
  ASSERT_TRUE(comes_true([&] { return frames_of(program, "ch1") > 125; }));
  sender.reset();
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("down", "firing"); })) << program.all();
  sender = std::make_unique<Sender>("mpegtsmux alignment=7 ! udpsink host=127.0.0.1 port=" + port);
  const std::string path = fetched_clip(program, "clip.mp4");
  const Track pictures = track_of(path, "video");
  EXPECT_TRUE(pictures.begins_at_keyframe);
  EXPECT_GE(pictures.packets, 50);
  EXPECT_GT(track_of(path, "audio").packets, 0);
  EXPECT_GE(clip_of(program, "written")["pre_roll_s"], 3);
  EXPECT_EQ(program.stop(), 0) << program.all();
}

// One encoder for three ways; the fourth has another codec.
TEST(Run, ClipsAreOfEachKindOfSource) {
  RtspServer camera("( " +
                    goes_black("x265enc tune=zerolatency speed-preset=ultrafast "
                               "key-int-max=15 ! rtph265pay name=pay0 pt=96") +
                    ")");
  const std::string srt = "srt://127.0.0.1:" + free_port(G_SOCKET_TYPE_DATAGRAM);
  const std::string rtmp_port = free_port(G_SOCKET_TYPE_STREAM);
  const RtmpServer rtmp_server(scratch("evidence_nginx"), rtmp_port);
  const std::string rtmp = "rtmp://127.0.0.1:" + rtmp_port + "/live/a";
  const std::string folder = empty_folder("evidence_hls");
  Sender sender(
      "tee name=v v. ! queue ! h264parse ! mpegtsmux name=ts alignment=7 ! srtsink uri=" + srt +
      "?mode=listener wait-for-connection=false v. ! queue ! h264parse ! flv.video "
      "flvmux name=flv streamable=true ! rtmp2sink location=" +
      rtmp + " v. ! queue ! h264parse ! hls.video hlssink2 name=hls target-duration=1 location=" +
      folder + "/%05d.ts playlist-location=" + folder +
      "/live.m3u8 audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! "
      "aacparse ! tee name=a a. ! queue ! ts. a. ! queue ! flv.audio a. ! queue ! hls.audio");
  ASSERT_TRUE(comes_true([&] { return fs::exists(folder + "/live.m3u8"); }));
  const FolderServer http_server(folder);
  std::string more = kBlack;
  const std::vector<std::pair<std::string, std::string>> others = {
      {"srt", srt}, {"rtmp", rtmp}, {"hls", http_server.uri() + "live.m3u8"}};
  for (const auto& [id, uri] : others) {
    more +=
        "[[stream]]\nid = \"" + id + "\"\nuri = \"" + uri + "\"\nstall_timeout_s = 10\n" + kBlack;
  }
  Program program({"run", write_config("kinds.toml", camera.uri(), more)});
  for (const auto& [id, uri] : others) {
    ASSERT_TRUE(comes_true([&] { return frames_of(program, id) > 75; })) << id << program.all();
  }
  sender.go_black();
  for (const std::string id : {"ch1", "srt", "rtmp", "hls"}) {
    SCOPED_TRACE(id);
    const std::string path = fetched_clip(program, "clip.mp4", id);
    const Track pictures = track_of(path, "video");
    EXPECT_TRUE(pictures.begins_at_keyframe);
    EXPECT_GE(pictures.end - pictures.begin, 3.5);
    EXPECT_GE(clip_of(program, "written", id)["pre_roll_s"], 2);
    EXPECT_EQ(track_of(path, "audio").packets > 0, id != "ch1");
  }
  EXPECT_EQ(program.stop(), 0) << program.all();
}

TEST(Run, WithoutAnEvidenceTableNothingIsRecorded) {
  RtspServer server(
      "( videotestsrc pattern=black is-live=true ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! " +
      std::string(kEncoder) + "rtph264pay name=pay0 pt=96 )");
  const std::string config =
      write_config("nothing.toml", server.uri(), "alarm = {rules = [\"black\"]}\n");
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("black", "firing"); })) << program.all();
  EXPECT_EQ(program.stop(), 0) << program.all();
  EXPECT_TRUE(clip_of(program, "written").is_null());
  EXPECT_FALSE(fs::exists(config + ".state/evidence"));
}

TEST(Run, AnAlarmThatFiresAtTheEndHasItsClipAllTheSame) {
  RtspServer server("( " + goes_black(std::string(kEncoder) + "rtph264pay name=pay0 pt=96") + ")");
  const std::string config = write_config(
      "end.toml", server.uri(),
      "alarm = {rules = [\"black\"]}\nevidence = {pre_roll_s = 1, max_clip_s = 600}\n");
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("black", "firing"); })) << program.all();
  EXPECT_EQ(program.stop(), 0) << program.all();
  const Json clip = clip_of(program, "written");
  ASSERT_TRUE(clip.is_object()) << program.all();
  EXPECT_EQ(clip["files"].at(0)["name"], "clip.mp4");
  dfd::monitor::Database database(config + ".state/state.sqlite");
  EXPECT_EQ(dfd::monitor::read_evidence(database, clip["alarm"]).size(), clip["files"].size());
}

TEST(SegmentWriter, PicturesWithoutATimeFollowTheLastOne) {
  gst_init(nullptr, nullptr);
  GstElement* encoder = gst_parse_launch(
      "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=64,height=48,framerate=25/1 ! "
      "x264enc tune=zerolatency ! h264parse ! "
      "video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=sink",
      nullptr);
  gst_element_set_state(encoder, GST_STATE_PLAYING);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(encoder), "sink");
  const std::string path = scratch("without_time.ts");
  std::unique_ptr<SegmentWriter> writer;
  for (int i = 0; GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink)); ++i) {
    if (writer == nullptr) {
      writer = std::make_unique<SegmentWriter>(path, gst_sample_get_caps(sample), nullptr);
    }
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    if (i > 3 && i < 8) GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    writer->write(dfd::monitor::Track::kPictures, buffer);
    gst_sample_unref(sample);
  }
  gst_object_unref(sink);
  gst_element_set_state(encoder, GST_STATE_NULL);
  gst_object_unref(encoder);
  writer->finish();
  double last = 0;
  int pictures = 0;
  for (const std::string& packet : packets_of(path)) {
    if (packet.rfind("video,", 0) != 0) continue;
    const double time = std::strtod(packet.c_str() + packet.find(',') + 1, nullptr);
    EXPECT_GT(time, last) << packet;
    last = time;
    ++pictures;
  }
  EXPECT_EQ(pictures, 10);
}

}  // namespace
