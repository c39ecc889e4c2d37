// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Verdicts within clips: of which picture each is, and that they can be read there.

#include "evidence/clip_verdicts.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "evidence/clip_maker.h"
#include "evidence/remux.h"
#include "evidence/segment_writer.h"
#include "gstdeepfakemeta.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"

namespace {

using dfd::monitor::ByteCount;
using dfd::monitor::ClipMaker;
using dfd::monitor::ClipRequest;
using dfd::monitor::missing_for_verdicts;
using dfd::monitor::Said;
using dfd::monitor::Segment;
using dfd::monitor::SegmentFile;
using dfd::monitor::SegmentWriter;
using dfd::monitor::sha256_of;
using dfd::monitor::Tap;
using dfd::monitor::Track;
using dfd::monitor::VerdictLog;
using dfd::monitor::verdicts_of;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::write_config;

constexpr auto kMinute = std::chrono::minutes(1);
constexpr GstClockTime kFrame = 40 * GST_MSECOND;

struct FreeCaps {
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
};
using Caps = std::unique_ptr<GstCaps, FreeCaps>;

Caps raw_caps() {
  return Caps(gst_caps_from_string("video/x-raw,format=I420,width=320,height=180,framerate=25/1"));
}

// A picture of which it is known how likely it is forged, as it leaves the element at `time`.
void note(VerdictLog& log, std::uint64_t connection, GstClockTime analysed, double probability,
          GstClockTime time, const char* reason = "none") {
  GstBuffer* buffer = gst_buffer_new();
  GstDeepfakeFace face = {};
  face.track_id = 1;
  face.x = 32;
  face.width = 64;
  face.height = 90;
  face.probability = probability;
  face.score = -1;
  face.reason = reason;
  GstDeepfakeMeta* meta =
      gst_buffer_add_deepfake_meta(buffer, "ch1", "0123456789ab", 320, 180, &face, 1);
  meta->running_time = analysed;
  meta->reason = reason;
  meta->probability = probability;
  meta->threshold = 0.7;
  log.note(connection, raw_caps().get(), buffer, time);
  gst_buffer_unref(buffer);
}

std::vector<GstClockTime> times_of(const std::vector<Said>& said) {
  std::vector<GstClockTime> times;
  for (const Said& one : said) times.push_back(one.running_time / GST_MSECOND);
  return times;
}

using Times = std::vector<GstClockTime>;

TEST(VerdictLog, HoldsWhatIsNewAtTheTimeOfItsPicture) {
  gst_init(nullptr, nullptr);
  VerdictLog log(kMinute);
  note(log, 1, 100 * GST_MSECOND, 0.1, 180 * GST_MSECOND);
  note(log, 1, 100 * GST_MSECOND, 0.1, 220 * GST_MSECOND);
  note(log, 1, 300 * GST_MSECOND, 0.2, 380 * GST_MSECOND);
  // Nothing was analysed since; it became too old.
  note(log, 1, 300 * GST_MSECOND, 0.2, 900 * GST_MSECOND, "gap");
  EXPECT_EQ(times_of(log.between(1, 0, GST_SECOND)), (Times{100, 300, 900}));
  EXPECT_EQ(times_of(log.between(1, 350 * GST_MSECOND, GST_SECOND)), (Times{300, 900}));
  EXPECT_EQ(times_of(log.between(1, 0, 250 * GST_MSECOND)), (Times{100}));
  EXPECT_TRUE(log.between(2, 0, GST_SECOND).empty());
}

TEST(VerdictLog, ForgetsWhatIsOld) {
  gst_init(nullptr, nullptr);
  VerdictLog log(kMinute);
  note(log, 1, 0, 0.1, 0);
  log.set_kept(std::chrono::seconds(-1));
  note(log, 1, kFrame, 0.1, kFrame);
  EXPECT_TRUE(log.between(1, 0, GST_SECOND).empty());
}

// Segments of the source's running times from `begin` on.
std::vector<Segment> record(const std::string& encoder, const std::string& name,
                            GstClockTime begin) {
  const std::string line =
      "videotestsrc num-buffers=100 ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! " +
      encoder + ",alignment=au ! appsink name=out sync=false";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  auto used = std::make_shared<ByteCount>();
  std::vector<Segment> segments;
  std::unique_ptr<SegmentWriter> writer;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out))) {
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    const GstClockTime start = gst_sample_get_segment(sample)->start;
    GST_BUFFER_PTS(buffer) = GST_BUFFER_PTS(buffer) + begin + Tap::kTimeBase - start;
    GST_BUFFER_DTS(buffer) = GST_BUFFER_DTS(buffer) + begin + Tap::kTimeBase - start;
    if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
      if (writer != nullptr) writer->finish();
      const std::string path = scratch(name + std::to_string(segments.size()) + ".ts");
      writer = std::make_unique<SegmentWriter>(path, gst_sample_get_caps(sample), nullptr);
      Segment segment;
      segment.file = std::make_shared<SegmentFile>(path, used);
      segment.connection = 1;
      segment.first = GST_BUFFER_PTS(buffer);
      segment.last = segment.first;
      segment.codec =
          gst_structure_get_name(gst_caps_get_structure(gst_sample_get_caps(sample), 0));
      segments.push_back(segment);
    }
    segments.back().last = std::max(segments.back().last, GST_BUFFER_PTS(buffer));
    writer->write(Track::kPictures, buffer);
    gst_sample_unref(sample);
  }
  if (writer != nullptr) writer->finish();
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  return segments;
}

// What the project's own element reads of a picture.
struct Read {
  GstClockTime time = 0;
  double probability = -1;
  GstDeepfakeVerdict verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  std::string reason;
  double left = -1;
};

struct Clip {
  // By the time at which they are shown.
  std::vector<Read> read;
  int pictures = 0;
};

Clip read_clip(const std::string& path) {
  const std::string line =
      "filesrc location=" + path + " ! qtdemux ! deepfakeseiextract ! appsink name=out sync=false";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  Clip clip;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out))) {
    ++clip.pictures;
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    if (const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer)) {
      Read read{GST_BUFFER_PTS(buffer), meta->probability, meta->verdict, meta->reason};
      double box[4] = {-1, 0, 0, 0};
      if (meta->n_faces > 0) {
        gst_deepfake_meta_locate_face(meta, buffer, 0, &box[0], &box[1], &box[2], &box[3]);
      }
      read.left = box[0];
      clip.read.push_back(read);
    }
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  std::sort(clip.read.begin(), clip.read.end(),
            [](const Read& one, const Read& other) { return one.time < other.time; });
  return clip;
}

std::string joined(const std::vector<Segment>& segments, const std::string& name) {
  const std::string path = scratch(name);
  std::ofstream file(path, std::ios::binary);
  for (const Segment& segment : segments) {
    file << dfd::monitor::test::content_of(segment.file->path());
  }
  return path;
}

// Every fifth picture of `record(..., begin)` was analysed.
constexpr int kEvery = 5;

void judge(VerdictLog& log, GstClockTime begin) {
  for (int i = 0; i < 100; i += kEvery) {
    const GstClockTime time = begin + GstClockTime(i) * kFrame;
    note(log, 1, time, i / 100.0, time + 2 * kFrame);
  }
}

void expect_each_has_its_own(const std::string& encoder, const std::string& name) {
  constexpr GstClockTime kBegin = 700 * GST_SECOND + GST_MSECOND;
  const std::vector<Segment> segments = record(encoder, name, kBegin);
  ASSERT_GE(segments.size(), 3U);
  VerdictLog log(kMinute);
  judge(log, kBegin);
  const std::string path = scratch(name + ".mp4");
  // The ring's oldest is not the connection's.
  const std::vector<Segment> kept(segments.begin() + 1, segments.end());
  const std::uint64_t pictures = dfd::monitor::remux_to_mp4(
      joined(kept, name + ".ts"), path, {kept[0].codec, "", verdicts_of(kept, log)});
  const Clip clip = read_clip(path);
  EXPECT_EQ(clip.pictures, 75);
  ASSERT_EQ(clip.read.size(), 75U);
  EXPECT_EQ(pictures, 75U);
  for (std::size_t i = 0; i < clip.read.size(); ++i) {
    EXPECT_NEAR(clip.read[i].probability, double((i + 25) / kEvery * kEvery) / 100, 1e-4) << i;
    EXPECT_NEAR(clip.read[i].left, 32, 0.1);
  }
}

constexpr const char* kH264 = "x264enc bframes=2 key-int-max=25 ! h264parse ! video/x-h264";

TEST(ClipVerdicts, EachPictureOfH264HasItsOwn) {
  gst_init(nullptr, nullptr);
  expect_each_has_its_own(kH264, "sei-h264");
}

TEST(ClipVerdicts, EachPictureOfH265HasItsOwn) {
  gst_init(nullptr, nullptr);
  expect_each_has_its_own(
      "x265enc key-int-max=25 speed-preset=ultrafast ! h265parse config-interval=-1 ! video/x-h265",
      "sei-h265");
}

TEST(ClipVerdicts, AreLeftOutWhereTimesAreNotKnown) {
  gst_init(nullptr, nullptr);
  VerdictLog log(kMinute);
  judge(log, 0);
  Segment segment;
  segment.connection = 1;
  segment.first = Tap::kTimeBase;
  segment.last = Tap::kTimeBase + GST_SECOND;
  EXPECT_EQ(verdicts_of({segment, segment}, log).size(), 6U);
  Segment other = segment;
  other.shift = GST_SECOND;
  EXPECT_TRUE(verdicts_of({segment, other}, log).empty());
  other = segment;
  other.first = GST_CLOCK_TIME_NONE;
  EXPECT_TRUE(verdicts_of({segment, other}, log).empty());
  EXPECT_TRUE(verdicts_of({}, log).empty());
}

Json described(const std::string& state, const ClipRequest& request) {
  ClipMaker maker(state, {});
  maker.make(request);
  maker.drain();
  return Json::parse(
      dfd::monitor::test::content_of(state + "/evidence/" + request.place.stream + "/" +
                                     request.place.day + "/" + request.place.alarm + "/clip.json"),
      nullptr, false);
}

// An installation without the plugin of results.
class WithoutJoin {
 public:
  WithoutJoin() : feature_(gst_registry_lookup_feature(gst_registry_get(), "deepfakejoin")) {
    gst_registry_remove_feature(gst_registry_get(), feature_);
  }
  ~WithoutJoin() {
    gst_registry_add_feature(gst_registry_get(), feature_);
    gst_object_unref(feature_);
  }
  WithoutJoin(const WithoutJoin&) = delete;
  WithoutJoin& operator=(const WithoutJoin&) = delete;

 private:
  GstPluginFeature* feature_;
};

TEST(ClipVerdicts, WithoutTheElementTheClipIsMadeAndSaysSo) {
  gst_init(nullptr, nullptr);
  ClipRequest request;
  request.place = {"ch1", "00000000000000000000000001", "2026-11-21"};
  request.data = {{"alarm", {{"id", request.place.alarm}}}};
  request.segments = record(kH264, "sei-without", 0);
  VerdictLog log(kMinute);
  judge(log, 0);
  request.said = verdicts_of(request.segments, log);
  const std::string state = empty_folder("sei-without.state");
  EXPECT_EQ(described(state, request)["clip"]["verdicts"],
            (Json{{"carrier", "sei"}, {"pictures", 100}}));
  const WithoutJoin without;
  const Json clip = described(state, request);
  EXPECT_EQ(clip["files"][0]["name"], "clip.mp4");
  EXPECT_EQ(clip["clip"]["verdicts"],
            (Json{{"carrier", "none"}, {"text", "GStreamer has no element deepfakejoin"}}));
}

// The alarm's, from when on its clip is there.
struct Evidence {
  Json alarm;
  std::string place;
  Json json;
  std::string path;
};

Evidence evidence_of(const Program& program, const std::string& name) {
  const auto written = [&] {
    return program.told([](const Json& data) {
      return data.contains("clip") && data["clip"]["state"] == "written";
    });
  };
  EXPECT_TRUE(comes_true(written)) << program.all();
  Evidence evidence;
  for (const Json& event : program.events()) {
    const Json& data = event["data"];
    if (data.contains("alarm") && data["alarm"]["state"] == "firing") evidence.alarm = data;
  }
  if (!evidence.alarm.is_object()) return evidence;
  evidence.place = program.address() + "/api/v1/alarms/" +
                   evidence.alarm["alarm"]["id"].get<std::string>() + "/evidence/";
  evidence.json = request("GET", evidence.place + "clip.json").json();
  evidence.path = scratch(name);
  std::ofstream(evidence.path, std::ios::binary)
      << request("GET", evidence.place + "clip.mp4").body;
  return evidence;
}

TEST(Run, AFaceAlarmHasTheVerdictsThatWereToldAndAHeatmap) {
  const std::string forged = forged_clip();
  ASSERT_FALSE(forged.empty());
  RtspServer server(RtspServer::looped(forged));
  Program program(
      {"run", write_config("sei.toml", server.uri(),
                           "evidence = {pre_roll_s = 1, post_roll_s = 0, max_clip_s = 8}\n")});
  const Evidence evidence = evidence_of(program, "sei-run.mp4");
  ASSERT_TRUE(evidence.alarm.is_object()) << program.all();
  const Clip clip = read_clip(evidence.path);
  const Json& verdicts = evidence.json["clip"]["verdicts"];
  EXPECT_EQ(verdicts, (Json{{"carrier", "sei"}, {"pictures", clip.read.size()}}));
  // The connection may begin with the clip: nothing is known before its first sample.
  EXPECT_GE(int(clip.read.size()), clip.pictures - 25);
  // The probability that made the alarm fire is that of some of its pictures.
  const double told = evidence.alarm["deepfake"]["probability"];
  EXPECT_TRUE(std::any_of(clip.read.begin(), clip.read.end(), [&](const Read& read) {
    return std::abs(read.probability - told) < 1e-4 && read.left > 0;
  })) << told;
  ASSERT_EQ(evidence.json["files"].size(), 4U) << evidence.json << program.err();
  const Json& heatmap = evidence.json["files"][2];
  EXPECT_EQ(heatmap["name"], "heatmap.jpg");
  EXPECT_GE(heatmap["probability"], evidence.alarm["alarm"]["on"]);
  // It is drawn on the best picture.
  EXPECT_EQ(evidence.json["files"][1]["name"], "best.jpg");
  EXPECT_EQ(evidence.json["files"][1]["taken_at"], heatmap["taken_at"]);
  EXPECT_EQ(evidence.json["files"][1]["probability"], heatmap["probability"]);
  const std::string drawn = request("GET", evidence.place + "heatmap.jpg").body;
  EXPECT_EQ(sha256_of(drawn), heatmap["sha256"]);
  EXPECT_NE(drawn, request("GET", evidence.place + "best.jpg").body);
  // Its face alone is what the trainer learns from.
  const Json& face = evidence.json["files"][3];
  EXPECT_EQ(face["name"], "face.jpg");
  EXPECT_EQ(face["taken_at"], heatmap["taken_at"]);
  EXPECT_EQ(sha256_of(request("GET", evidence.place + "face.jpg").body), face["sha256"]);
  EXPECT_EQ(program.stop(), 0) << program.all();
}

// When the first black picture is shown.
GstClockTime first_black(const std::string& path) {
  const std::string line = "filesrc location=" + path +
                           " ! qtdemux ! h265parse ! avdec_h265 ! videoconvert ! "
                           "video/x-raw,format=GRAY8 ! appsink name=out sync=false";
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  GstElement* out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstClockTime time = GST_CLOCK_TIME_NONE;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out))) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    // The bars of the picture before are at the left white.
    const bool is_black = map.data[0] < 60;
    gst_buffer_unmap(buffer, &map);
    if (is_black) time = std::min(time, GST_BUFFER_PTS(buffer));
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(out);
  gst_object_unref(pipeline);
  return time;
}

TEST(Run, VerdictsOfH265StandAtTheirPictures) {
  const std::string size = "video/x-raw,format=I420,width=320,height=180,framerate=25/1";
  // Its parameter sets come once only, beside the stream.
  RtspServer server("( videotestsrc num-buffers=100 ! " + size +
                    " ! concat name=both ! clocksync ! x265enc tune=zerolatency "
                    "speed-preset=ultrafast key-int-max=15 ! rtph265pay name=pay0 pt=96 "
                    "videotestsrc pattern=black ! " +
                    size + " ! both. )");
  Program program(
      {"run", write_config("sei-h265.toml", server.uri(),
                           "alarm = {rules = [\"black\"]}\n"
                           "evidence = {pre_roll_s = 2, post_roll_s = 0, max_clip_s = 4}\n")});
  const Evidence evidence = evidence_of(program, "sei-h265-run.mp4");
  ASSERT_TRUE(evidence.alarm.is_object()) << program.all();
  const Clip clip = read_clip(evidence.path);
  const auto told = std::find_if(clip.read.begin(), clip.read.end(),
                                 [](const Read& read) { return read.reason == "black"; });
  ASSERT_NE(told, clip.read.end()) << evidence.json << program.err();
  const GstClockTime black = first_black(evidence.path);
  ASSERT_TRUE(GST_CLOCK_TIME_IS_VALID(black));
  EXPECT_GE(told->time, black);
  // Of a few pictures one is analysed.
  EXPECT_LE(told->time, black + GST_SECOND / 2);
  EXPECT_EQ(program.stop(), 0) << program.all();
}

}  // namespace
