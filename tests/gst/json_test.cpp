// SPDX-License-Identifier: LGPL-2.1-or-later

#include <array>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "encoder_harness.h"

namespace {

namespace test = dfd::test;
using Json = nlohmann::json;
using Encoder = test::EncoderHarness;

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

GstDeepfakeFace manipulated() {
  auto face = test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  static std::array<gfloat, 64> cells;
  cells.fill(0);
  cells[9] = 0.5F;
  test::set_heatmap(face, 8, 8, cells.data());
  face.heatmap_x = -0.25F;
  face.heatmap_width = 1.5F;
  return face;
}

GstDeepfakeFace undecided(guint64 track = 4) {
  return test::make_face(track, 200, 10, 50, GST_DEEPFAKE_VERDICT_UNDECIDED, -1);
}

// The one line that a frame with these faces gives.
Json line_of(const std::vector<GstDeepfakeFace>& faces) {
  Encoder encoder("deepfakejsonenc");
  EXPECT_EQ(encoder.push(5, faces), GST_FLOW_OK);
  const std::vector<Json> lines = lines_of(encoder.take_text());
  EXPECT_EQ(lines.size(), 1U);
  return lines.empty() ? Json() : lines[0];
}

test::Command check_lines(const std::string& file) {
  return test::Command("/usr/bin/python3 " DFD_SOURCE "/tests/checks/check_lines.py " DFD_SOURCE
                       "/docs/schema/verdicts.schema.json " +
                       file);
}

TEST(JsonLines, AreLaidOutAsGvametaconvertDoesIt) {
  const Json line = line_of({manipulated()});
  EXPECT_EQ(line["timestamp"], 200000000);
  EXPECT_EQ(line["source"], "camera");
  EXPECT_EQ(line["resolution"], Json({{"width", 320}, {"height", 240}}));
  const Json& face = line["objects"].at(0);
  EXPECT_EQ(face["x"], 40);
  EXPECT_EQ(face["y"], 60);
  EXPECT_EQ(face["w"], 80);
  EXPECT_EQ(face["h"], 80);
  EXPECT_EQ(face["id"], 3);
  EXPECT_EQ(face["region_id"], 3);
  EXPECT_EQ(face["roi_type"], "face");
  EXPECT_EQ(face["detection"], Json::parse(R"({"bounding_box": {"x_min": 0.125, "x_max": 0.375,
      "y_min": 0.25, "y_max": 0.583333}, "confidence": 0.875, "label": "face", "label_id": 0})"));
  EXPECT_EQ(face["manipulation"], Json::parse(R"({"label": "manipulated", "label_id": 3,
      "confidence": 0.9, "model": {"name": "0123456789ab"}})"));
}

TEST(JsonLines, TellWhatGvametaconvertHasNoPlaceFor) {
  const Json line = line_of({manipulated()});
  EXPECT_EQ(line["deepfake"], Json::parse(R"({"verdict": "manipulated", "reason": "none",
      "probability": 0.9, "threshold": 0.75, "version": 1, "model_id": "0123456789ab"})"));
  Json face = line["objects"].at(0)["deepfake"];
  const Json heatmap = face["heatmap"];
  face.erase("heatmap");
  EXPECT_EQ(face, Json::parse(R"({"track_id": 3, "verdict": "manipulated", "reason": "none",
      "probability": 0.9, "score": 0.9, "windows": 5, "samples": 24, "partial": false,
      "box_known": true})"));
  EXPECT_EQ(heatmap["x"], -0.25);
  EXPECT_EQ(heatmap["width"], 1.5);
  ASSERT_EQ(heatmap["values"].size(), 8U);
  EXPECT_EQ(heatmap["values"][1], Json::parse("[0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]"));
}

TEST(JsonLines, TellKindsOfEvidenceWhereTheyAreKnown) {
  auto seam = manipulated();
  test::set_evidence(seam, GST_DEEPFAKE_EVIDENCE_SEAM, 0.875, 0.25);
  const Json line = line_of({seam, undecided()});
  for (const Json& said : {line["deepfake"], line["objects"].at(0)["deepfake"]}) {
    EXPECT_EQ(said["evidence"], "seam");
    EXPECT_EQ(said["seam_probability"], 0.875);
    EXPECT_EQ(said["generated_probability"], 0.25);
  }
  const Json& other = line["objects"].at(1)["deepfake"];
  for (const char* field : {"evidence", "seam_probability", "generated_probability"}) {
    EXPECT_FALSE(other.contains(field)) << field;
  }
}

TEST(JsonLines, LeaveOutNumbersThatThereAreNot) {
  const Json line = line_of({undecided()});
  EXPECT_FALSE(line["deepfake"].contains("probability"));
  const Json& face = line["objects"].at(0);
  EXPECT_FALSE(face["deepfake"].contains("probability"));
  EXPECT_FALSE(face["deepfake"].contains("score"));
  EXPECT_FALSE(face["deepfake"].contains("heatmap"));
  EXPECT_FALSE(face["manipulation"].contains("confidence"));
  EXPECT_EQ(face["manipulation"]["label"], "undecided");
}

TEST(JsonLines, SayThatThereIsNoFace) {
  const Json line = line_of({});
  EXPECT_EQ(line["deepfake"]["verdict"], "undecided");
  EXPECT_EQ(line["deepfake"]["reason"], "no-face");
  EXPECT_EQ(line["objects"], Json::array());
}

TEST(JsonLines, TheWholePictureIsAnObjectWithoutAnId) {
  auto picture = test::make_face(0, 0, 0, 0, GST_DEEPFAKE_VERDICT_SUSPICIOUS, 0.7);
  picture.width = 320;
  picture.height = 240;
  const Json object = line_of({picture})["objects"].at(0);
  EXPECT_EQ(object["w"], 320);
  EXPECT_EQ(object["h"], 240);
  for (const char* field : {"id", "region_id", "roi_type", "detection"}) {
    EXPECT_FALSE(object.contains(field)) << field;
  }
  EXPECT_EQ(object["deepfake"]["track_id"], 0);
}

TEST(JsonLines, CutBoxesToThePicture) {
  const Json face =
      line_of({test::make_face(1, 300, -30, 60, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.1)})["objects"]
          .at(0);
  EXPECT_EQ(face["x"], 300);
  EXPECT_EQ(face["y"], 0);
  EXPECT_EQ(face["w"], 20);
  EXPECT_EQ(face["h"], 30);
  EXPECT_EQ(face["detection"]["bounding_box"]["x_max"], 1);
}

TEST(JsonLines, SurviveNumbersThatAreNone) {
  auto face = manipulated();
  face.x = std::numeric_limits<float>::quiet_NaN();
  face.width = std::numeric_limits<float>::infinity();
  face.probability = std::numeric_limits<double>::quiet_NaN();
  face.heatmap[0] = std::numeric_limits<float>::quiet_NaN();
  const Json object = line_of({face})["objects"].at(0);
  EXPECT_FALSE(object.contains("x"));
  EXPECT_EQ(object["deepfake"]["box_known"], false);
  EXPECT_FALSE(object["deepfake"].contains("probability"));
  EXPECT_FALSE(object["deepfake"].contains("heatmap"));
}

TEST(JsonLines, StrangeNamesStayOneLineOfUtf8) {
  Encoder encoder("deepfakejsonenc");
  encoder.push_named(0, "a \"quoted\"\nname --> \xFF\xC3\x28 \xE2\x82\xAC", "\xF0\x9F");
  encoder.push_named(1, nullptr, nullptr);
  const std::string text = encoder.take_text();
  EXPECT_NE(g_utf8_validate(text.c_str(), -1, nullptr), FALSE);
  const std::vector<Json> lines = lines_of(text);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["source"], "a \"quoted\"\nname --> \xEF\xBF\xBD\xEF\xBF\xBD( \xE2\x82\xAC");
  EXPECT_EQ(lines[1]["source"], "");
}

TEST(JsonLines, HoldManyFaces) {
  std::vector<GstDeepfakeFace> faces;
  for (guint64 track = 1; track <= 256; ++track) faces.push_back(undecided(track));
  EXPECT_EQ(line_of(faces)["objects"].size(), 256U);
}

TEST(JsonLines, CarryTheTimesOfTheirFrames) {
  Encoder encoder("deepfakejsonenc");
  encoder.send_segment(10 * GST_SECOND, 3 * GST_SECOND);
  encoder.push(255, {undecided()});
  encoder.push(1, {undecided()});  // Before the segment: no player would show it.
  const std::vector<test::Written> written = encoder.take();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].pts, 255 * Encoder::kFrame);
  EXPECT_EQ(written[0].duration, Encoder::kFrame);
  EXPECT_EQ(Json::parse(written[0].bytes)["timestamp"], 3200000000);
}

TEST(JsonLines, FramesWithoutResultsAreGaps) {
  Encoder encoder("deepfakejsonenc");
  encoder.push(0);
  encoder.push(1, {undecided()});
  encoder.push(2);
  EXPECT_EQ(lines_of(encoder.take_text()).size(), 1U);
  EXPECT_EQ(encoder.take_gaps(), (std::vector<GstClockTime>{0, 2 * Encoder::kFrame}));
}

TEST(JsonLines, OnChangeThereIsALineWhenAVerdictOrTheFacesChange) {
  Encoder encoder("deepfakejsonenc updates=on-change");
  auto risen = undecided();
  risen.verdict = GST_DEEPFAKE_VERDICT_SUSPICIOUS;
  risen.reason = "none";
  auto other = risen;
  other.probability = 0.8;  // A number alone is no change.
  auto dark = undecided();
  dark.reason = "dark";
  const std::vector<std::vector<GstDeepfakeFace>> frames = {
      {undecided()},         {undecided()}, {risen}, {other}, {other, undecided(7)},
      {other, undecided(8)}, {undecided()}, {dark},  {dark},  {}};
  for (std::size_t i = 0; i < frames.size(); ++i) encoder.push(static_cast<int>(i), frames[i]);
  std::vector<int> written;
  for (const test::Written& line : encoder.take()) {
    written.push_back(static_cast<int>(line.pts / Encoder::kFrame));
  }
  EXPECT_EQ(written, (std::vector<int>{0, 2, 4, 5, 6, 7, 9}));
  EXPECT_EQ(encoder.take_gaps().size(), 3U);
}

TEST(JsonLines, FramesInDecodingOrderAreOneChange) {
  Encoder encoder("deepfakejsonenc updates=on-change");
  for (const int number : {0, 4, 2, 1, 3, 8}) {
    encoder.push(number, {number < 3 ? undecided() : manipulated()});
  }
  EXPECT_EQ(lines_of(encoder.take_text()).size(), 2U);
  encoder.push(30, {manipulated()});
  encoder.push(0, {undecided()});  // More than a second back: another time.
  EXPECT_EQ(lines_of(encoder.take_text()).size(), 1U);
}

TEST(JsonLines, ASeekTellsEverythingAnew) {
  Encoder encoder("deepfakejsonenc updates=on-change");
  encoder.push(0, {undecided()});
  encoder.flush();
  encoder.push(0, {undecided()});
  encoder.send_segment(0, 5 * GST_SECOND);
  encoder.push(0, {undecided()});
  EXPECT_EQ(lines_of(encoder.take_text()).size(), 3U);
}

TEST(JsonLines, TheirStreamHasANameOfItsOwnAndIsSparse) {
  Encoder encoder("deepfakejsonenc");
  encoder.send(gst_event_new_stream_start("tee"));
  GstEvent* event = gst_pad_get_sticky_event(encoder.harness()->sinkpad, GST_EVENT_STREAM_START, 0);
  ASSERT_NE(event, nullptr);
  const gchar* name = nullptr;
  GstStreamFlags flags = GST_STREAM_FLAG_NONE;
  gst_event_parse_stream_start(event, &name);
  gst_event_parse_stream_flags(event, &flags);
  EXPECT_STREQ(name, "tee/json");
  EXPECT_NE(flags & GST_STREAM_FLAG_SPARSE, 0);
  gst_event_unref(event);
}

TEST(JsonLines, EncodedVideoTellsTheSizeByItsMetaAlone) {
  Encoder encoder("deepfakejsonenc", "video/x-h264,stream-format=byte-stream,alignment=au");
  encoder.push(0, {manipulated()});
  const std::vector<Json> lines = lines_of(encoder.take_text());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["resolution"]["width"], 320);
  EXPECT_EQ(lines[0]["objects"][0]["x"], 40);
}

// --- Whole pipelines, and the schema

class JsonFile : public testing::Test {
 protected:
  // Plays marked video through these elements into a file of lines.
  std::vector<Json> play(const std::string& between, const std::string& name) {
    file_ = std::string(DFD_TEST_SCRATCH "/") + name;
    GstElement* pipeline = test::parse_pipeline(
        "videotestsrc num-buffers=20 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
        "! identity name=marker ! " +
        between + " ! deepfakejsonenc ! filesink location=" + file_);
    auto picture = test::make_face(0, 0, 0, 240, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0);
    test::Marks marks;
    marks.faces = {{}, {undecided()}, {manipulated(), undecided()}, {picture}};
    test::mark_pad(pipeline, "marker", marks);
    test::play_to_end(pipeline);
    gst_object_unref(pipeline);
    std::ifstream stream(file_);
    std::stringstream text;
    text << stream.rdbuf();
    return lines_of(text.str());
  }
  std::string file_;
};

TEST_F(JsonFile, FitsTheSchema) {
  EXPECT_EQ(play("queue", "verdicts.jsonl").size(), 20U);
  const test::Command check = check_lines(file_);
  EXPECT_EQ(check.status, 0) << check.output;
  EXPECT_NE(check.output.find("20 lines, 0 wrong"), std::string::npos) << check.output;
}

TEST_F(JsonFile, BoxesFollowAScaledPicture) {
  const std::vector<Json> lines =
      play("videoscale ! video/x-raw,width=640,height=480", "big.jsonl");
  ASSERT_EQ(lines.size(), 20U);
  EXPECT_EQ(lines[2]["resolution"]["width"], 640);
  EXPECT_EQ(lines[2]["objects"][0]["x"], 80);
  EXPECT_EQ(lines[2]["objects"][0]["h"], 160);
}

TEST_F(JsonFile, ACutPictureHasNoBoxesAndSaysSo) {
  const std::vector<Json> lines = play("videocrop left=20", "cut.jsonl");
  ASSERT_EQ(lines.size(), 20U);
  const Json& face = lines[2]["objects"][0];
  EXPECT_FALSE(face.contains("x"));
  EXPECT_FALSE(face["detection"].contains("bounding_box"));
  EXPECT_EQ(face["deepfake"]["box_known"], false);
  EXPECT_EQ(face["manipulation"]["label"], "manipulated");
  EXPECT_EQ(lines[2]["resolution"]["width"], 300);
  const test::Command check = check_lines(file_);
  EXPECT_EQ(check.status, 0) << check.output;
}

TEST(JsonSchema, RefusesWrongRecords) {
  const Json right = line_of({manipulated()});
  const auto with = [&](const char* where, const Json& what) {
    Json wrong = right;
    wrong[Json::json_pointer(where)] = what;
    return wrong;
  };
  const auto without = [&](const char* parent, const char* field) {
    Json wrong = right;
    wrong[Json::json_pointer(parent)].erase(field);
    return wrong;
  };
  const std::vector<Json> wrong = {
      with("/deepfake/verdict", "real"),
      with("/deepfake/version", 2),
      without("/deepfake", "version"),
      with("/deepfake/probability", 1.5),
      with("/deepfake/threshold", -1),
      without("", "timestamp"),
      with("/timestamp", "12:00"),
      without("", "source"),
      without("/deepfake", "verdict"),
      without("/objects/0/deepfake", "verdict"),
      with("/objects/0/deepfake/score", -1),
      with("/objects/0/manipulation/label", "fake"),
      with("/objects/0/manipulation/confidence", 94),
      with("/objects/0/x", -4),
      without("/objects/0", "y"),
      with("/objects/0/id", 0),
      with("/objects/0/detection/bounding_box/x_max", 1.25),
      with("/objects/0/deepfake/heatmap/values", Json::array({1, 2, 3})),
      with("/objects/0/deepfake/heatmap/values/7/7", nullptr),
      with("/objects/0/deepfake/box_known", false),
      with("/resolution/width", 0),
      with("/deepfake/evidence", ""),
      with("/objects/0/deepfake/evidence", 1),
      with("/deepfake/seam_probability", -1),
      with("/objects/0/deepfake/generated_probability", 1.5),
  };
  const std::string file = DFD_TEST_SCRATCH "/wrong.jsonl";
  std::ofstream stream(file);
  for (const Json& line : wrong) stream << line << "\n";
  stream << right << "\n";
  stream.close();
  const test::Command check = check_lines(file);
  EXPECT_NE(check.status, 0);
  for (std::size_t i = 1; i <= wrong.size(); ++i) {
    EXPECT_NE(("\n" + check.output).find("\n" + std::to_string(i) + ": "), std::string::npos)
        << wrong[i - 1] << " passes";
  }
  EXPECT_NE(check.output.find("26 lines, 25 wrong"), std::string::npos) << check.output;
}

// --- What all three have from their base

TEST(ResultEncoders, AllowAnyLayoutToTheOtherBranchesOfATee) {
  Encoder encoder("deepfakejsonenc");
  GstCaps* caps = gst_caps_from_string("video/x-raw,format=I420,width=320,height=240");
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  EXPECT_NE(gst_pad_peer_query(encoder.harness()->srcpad, query), FALSE);
  EXPECT_NE(gst_query_find_allocation_meta(query, g_type_from_name("GstVideoMetaAPI"), nullptr),
            FALSE);
  gst_query_unref(query);
  gst_caps_unref(caps);
}

TEST(ResultEncoders, WarnOnceOfResultsWithoutATime) {
  Encoder encoder("deepfakejsonenc");
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(encoder.harness()->element, bus);
  for (int i = 0; i < 3; ++i) {
    GstBuffer* buffer = Encoder::frame(i);
    GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
    if (i > 0) test::mark(buffer, 320, 240, {undecided()});
    EXPECT_EQ(encoder.push(buffer), GST_FLOW_OK);
    EXPECT_EQ(gst_bus_have_pending(bus) != FALSE, i > 0) << i;
  }
  EXPECT_TRUE(encoder.take().empty());
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING);
  EXPECT_NE(message, nullptr);
  gst_clear_message(&message);
  EXPECT_EQ(gst_bus_have_pending(bus), FALSE);
  gst_element_set_bus(encoder.harness()->element, nullptr);
  gst_object_unref(bus);
}

TEST(ResultEncoders, RefuseASegmentInBytes) {
  Encoder encoder("deepfakejsonenc");
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  encoder.send(gst_event_new_segment(&segment));
  EXPECT_EQ(encoder.push(0, {undecided()}), GST_FLOW_ERROR);
}

TEST(ResultEncoders, FlagTheFirstBufferAfterASeekAFlushAndASegment) {
  for (const char* element :
       {"deepfakejsonenc", "deepfakevttenc max-cue-duration=100000000", "deepfakeklvenc"}) {
    Encoder encoder(element);
    const auto expect_first_alone = [&](const char* after) {
      for (int i = 0; i < 20; ++i) encoder.push(i, {undecided()});
      const std::vector<test::Written> written = encoder.take();
      ASSERT_GE(written.size(), 2U) << element;
      for (std::size_t i = 0; i < written.size(); ++i) {
        EXPECT_EQ(written[i].discont, i == 0) << element << ", after " << after << ": " << i;
      }
    };
    expect_first_alone("the start");
    encoder.flush();
    expect_first_alone("a flush");
    encoder.send_segment(0, 3600 * GST_SECOND);
    encoder.take();  // What was open.
    expect_first_alone("a segment");
    encoder.send(gst_event_new_stream_start("next"));
    encoder.send_segment(0, 0);
    encoder.take();
    expect_first_alone("another stream");
  }
}

}  // namespace
