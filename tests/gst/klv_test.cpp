// SPDX-License-Identifier: LGPL-2.1-or-later

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "encoder_harness.h"
#include "klv_reader.h"

namespace {

namespace test = dfd::test;
using Encoder = test::EncoderHarness;

// As a string of bytes, nulls included.
template <std::size_t N>
std::string bytes(const char (&text)[N]) {
  return {text, N - 1};
}

GstDeepfakeFace manipulated(guint64 track = 3) {
  auto face = test::make_face(track, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  face.score = 0.95;
  face.windows = 300;
  face.partial = TRUE;
  return face;
}

GstDeepfakeFace undecided(guint64 track = 4) {
  return test::make_face(track, 200, 10, 50, GST_DEEPFAKE_VERDICT_UNDECIDED, -1);
}

std::string packet_of(const std::vector<GstDeepfakeFace>& faces) {
  Encoder encoder("deepfakeklvenc");
  EXPECT_EQ(encoder.push(5, faces), GST_FLOW_OK);
  const std::vector<test::Written> written = encoder.take();
  EXPECT_EQ(written.size(), 1U);
  return written.empty() ? "" : written[0].bytes;
}

TEST(Klv, APacketIsALocalSetWithAnExperimentalKey) {
  const test::KlvPacket packet(packet_of({}));
  EXPECT_EQ(packet.key, bytes("\x06\x0E\x2B\x34\x02\x0B\x01\x01\x0F"
                              "deepfk\x01"));
  EXPECT_EQ(packet.set.number(1), 1U);
  EXPECT_EQ(packet.set.number(2), 200000000U);
  EXPECT_EQ(packet.set.text(3), "camera");
  EXPECT_EQ(packet.set.text(4), "0123456789ab");
  EXPECT_EQ(packet.set.number(5), 1U);
  EXPECT_EQ(packet.set.text(6), "no-face");
  EXPECT_EQ(packet.set.part(8), 0.75F);
  EXPECT_EQ(packet.set.number(9), 320U);
  EXPECT_EQ(packet.set.number(10), 240U);
  EXPECT_EQ(packet.set.number(11), 0U);
  EXPECT_TRUE(packet.faces.empty());
}

TEST(Klv, TellsOfEachFace) {
  const test::KlvPacket packet(packet_of({manipulated(), undecided()}));
  EXPECT_EQ(packet.set.number(5), 3U);
  EXPECT_EQ(packet.set.part(7), 0.9F);
  EXPECT_EQ(packet.set.number(11), 2U);
  ASSERT_EQ(packet.faces.size(), 2U);
  const test::KlvSet& face = packet.faces[0];
  EXPECT_EQ(face.number(1), 3U);
  // 40/320, 60/240, 120/320 and 140/240 of 65535.
  EXPECT_EQ(face.text(2), bytes("\x20\x00\x40\x00\x60\x00\x95\x55"));
  EXPECT_EQ(face.part(3), 0.875F);
  EXPECT_EQ(face.part(4), 0.9F);
  EXPECT_EQ(face.part(5), 0.95F);
  EXPECT_EQ(face.number(6), 3U);
  EXPECT_EQ(face.text(7), "none");
  EXPECT_EQ(face.number(8), 300U);
  EXPECT_EQ(face.number(9), 24U);
  EXPECT_EQ(face.number(10), 1U);
}

TEST(Klv, TellsKindsOfEvidenceWhereTheyAreKnown) {
  auto generated = manipulated();
  test::set_evidence(generated, GST_DEEPFAKE_EVIDENCE_GENERATED, 0.25, 0.875);
  const test::KlvPacket packet(packet_of({generated, undecided()}));
  EXPECT_EQ(packet.set.number(13), 2U);
  EXPECT_EQ(packet.set.part(14), 0.25F);
  EXPECT_EQ(packet.set.part(15), 0.875F);
  ASSERT_EQ(packet.faces.size(), 2U);
  EXPECT_EQ(packet.faces[0].number(11), 2U);
  EXPECT_EQ(packet.faces[0].part(12), 0.25F);
  EXPECT_EQ(packet.faces[0].part(13), 0.875F);
  for (const unsigned tag : {11U, 12U, 13U}) EXPECT_FALSE(packet.faces[1].has(tag)) << tag;
}

TEST(Klv, LeavesOutNumbersThatThereAreNot) {
  const test::KlvPacket packet(packet_of({undecided()}));
  EXPECT_FALSE(packet.set.has(7));
  ASSERT_EQ(packet.faces.size(), 1U);
  EXPECT_FALSE(packet.faces[0].has(4));
  EXPECT_FALSE(packet.faces[0].has(5));
  EXPECT_EQ(packet.faces[0].text(7), "warming-up");
}

TEST(Klv, LongNamesAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "\xE2\x82\xAC";
  Encoder encoder("deepfakeklvenc");
  encoder.push_named(0, ("\"\n--> \xFF" + name).c_str(), nullptr);
  const test::KlvPacket packet(encoder.take_text());
  const std::string& text = packet.set.text(3);
  EXPECT_EQ(text.substr(0, 9), "\"\n--> \xEF\xBF\xBD");
  EXPECT_EQ(text.size(), 255U);
  EXPECT_NE(g_utf8_validate(text.c_str(), -1, nullptr), FALSE);
  EXPECT_FALSE(packet.set.has(4));
}

TEST(Klv, HoldsManyFacesInOnePacketOfMpegTs) {
  std::vector<GstDeepfakeFace> faces;
  for (guint64 track = 1; track <= 256; ++track) faces.push_back(manipulated(track));
  const std::string bytes = packet_of(faces);
  EXPECT_LT(bytes.size(), 65000U);
  EXPECT_EQ(test::KlvPacket(bytes).faces.size(), 256U);
}

TEST(Klv, OfTooManyFacesKeepsTheAlarmingOnes) {
  std::vector<GstDeepfakeFace> faces;
  for (guint64 track = 1; track <= 3000; ++track) faces.push_back(undecided(track));
  faces.push_back(manipulated(3001));
  const std::string bytes = packet_of(faces);
  EXPECT_LT(bytes.size(), 65000U);
  EXPECT_GT(bytes.size(), 60000U);
  const test::KlvPacket packet(bytes);
  EXPECT_EQ(packet.set.number(11), 3001U);
  EXPECT_LT(packet.faces.size(), 3000U);
  EXPECT_EQ(packet.faces[0].number(1), 1U);
  EXPECT_EQ(packet.faces.back().number(1), 3001U);
}

TEST(Klv, FramesWithoutResultsOrNewsAreGaps) {
  Encoder encoder("deepfakeklvenc updates=on-change");
  encoder.push(0);
  encoder.push(1, {undecided()});
  encoder.push(2, {undecided()});
  encoder.push(3, {manipulated()});
  encoder.flush();
  encoder.push(4, {manipulated()});
  EXPECT_EQ(encoder.take().size(), 3U);
  EXPECT_EQ(encoder.take_gaps(), (std::vector<GstClockTime>{0, 2 * Encoder::kFrame}));
}

TEST(Klv, TheKeyCanBeOnesOwn) {
  Encoder encoder("deepfakeklvenc key=\"06 0e 2b 34 . 02030101 . 0E010301 . 01000000\"");
  encoder.push(0, {});
  EXPECT_EQ(test::KlvPacket(encoder.take_text()).key,
            bytes("\x06\x0E\x2B\x34\x02\x03\x01\x01\x0E\x01\x03\x01\x01\x00\x00\x00"));
}

TEST(Klv, AWrongKeyIsAnErrorAtTheStart) {
  for (const std::string key :
       {"", "060E2B34", "060E2B34.020B0101.0F646565.70666B0",
        "060E2B34.020B0101.0F646565.70666B01A", "060E2B34.020B0101.0F646565.70666B0G", "16 bytes",
        "00112233445566778899AABBCCDDEEFF"}) {
    GstElement* element = gst_element_factory_make("deepfakeklvenc", nullptr);
    g_object_set(element, "key", key.c_str(), nullptr);
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << key;
    GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    ASSERT_NE(message, nullptr) << key;
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS)) << key;
    EXPECT_NE(std::string(error->message).find("32 hexadecimal digits"), std::string::npos);
    g_error_free(error);
    gst_message_unref(message);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
  }
}

// --- On its ways

// Packets that passed a pad, with their times.
using Packets = std::vector<test::Written>;

GstPadProbeReturn collect(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  static_cast<Packets*>(data)->push_back(
      {std::string(reinterpret_cast<const char*>(map.data), map.size), GST_BUFFER_PTS(buffer),
       GST_BUFFER_DURATION(buffer)});
  gst_buffer_unmap(buffer, &map);
  return GST_PAD_PROBE_OK;
}

void collect_at(GstElement* pipeline, const char* name, const char* pad_name, Packets& packets) {
  GstElement* element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  GstPad* pad = gst_element_get_static_pad(element, pad_name);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, collect, &packets, nullptr);
  gst_object_unref(pad);
  gst_object_unref(element);
}

// Plays marked video; what deepfakeklvenc wrote.
Packets play_marked(const std::string& after_marker, Packets* arrived = nullptr) {
  GstElement* pipeline = test::parse_pipeline(
      "videotestsrc num-buffers=50 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
      "! identity name=marker ! " +
      after_marker);
  test::Marks marks;
  marks.faces = {{}, {undecided()}, {manipulated(), undecided()}};
  for (guint64 track = 10; track < 40; ++track) marks.faces.push_back({undecided(track)});
  marks.faces.emplace_back();
  for (guint64 track = 1; track <= 256; ++track) marks.faces.back().push_back(manipulated(track));
  test::mark_pad(pipeline, "marker", marks);
  Packets written;
  collect_at(pipeline, "klv", "src", written);
  if (arrived != nullptr) collect_at(pipeline, "sink", "sink", *arrived);
  test::play_to_end(pipeline);
  gst_object_unref(pipeline);
  return written;
}

TEST(Klv, ComesBackFromATransportStream) {
  const std::string file = DFD_TEST_SCRATCH "/klv.ts";
  const Packets written = play_marked(
      "tee name=t ! queue ! x264enc speed-preset=ultrafast tune=zerolatency ! h264parse ! "
      "mpegtsmux "
      "name=mux ! filesink location=" +
      file + " t. ! queue ! deepfakeklvenc name=klv ! mux.");
  ASSERT_EQ(written.size(), 50U);
  GstElement* pipeline =
      test::parse_pipeline("filesrc location=" + file +
                           " ! tsdemux name=d d. ! video/x-h264 ! queue ! fakesink "
                           "d. ! meta/x-klv ! queue ! fakesink name=sink async=false");
  Packets read;
  collect_at(pipeline, "sink", "sink", read);
  test::play_to_end(pipeline);
  gst_object_unref(pipeline);
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].bytes, written[i].bytes) << i;
    EXPECT_EQ(test::KlvPacket(read[i].bytes).set.number(2), i * Encoder::kFrame);
    // A transport stream counts 90 kHz, and its demuxer begins where it likes.
    EXPECT_NEAR(static_cast<double>(read[i].pts - read[0].pts),
                static_cast<double>(i * Encoder::kFrame), 1e9 / 90000 + 1)
        << i;
  }
}

TEST(Klv, IsKlvToFfprobe) {
  const std::string file = DFD_TEST_SCRATCH "/probe.ts";
  play_marked(
      "tee name=t ! queue ! x264enc speed-preset=ultrafast tune=zerolatency ! h264parse ! "
      "mpegtsmux "
      "name=mux ! filesink location=" +
      file + " t. ! queue ! deepfakeklvenc updates=on-change name=klv ! mux.");
  const test::Command probe(
      "ffprobe -v error -select_streams d -show_entries stream=codec_name,codec_tag_string "
      "-of csv=p=0 " +
      file);
  EXPECT_EQ(probe.output.substr(0, 8), "klv,KLVA") << probe.output;
}

TEST(Klv, SparsePacketsDoNotHoldUpTheMuxer) {
  // No frame has results: without gaps the muxer would wait for the first packet until the end.
  GstElement* pipeline = test::parse_pipeline(
      "videotestsrc num-buffers=200 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
      "! "
      "tee name=t ! queue max-size-buffers=5 ! x264enc speed-preset=ultrafast tune=zerolatency ! "
      "h264parse ! mpegtsmux name=mux ! fakesink t. ! queue max-size-buffers=5 ! deepfakeklvenc ! "
      "mux.");
  test::play_to_end(pipeline);
  gst_object_unref(pipeline);
}

TEST(Klv, ComesBackFromRtp) {
  Packets read;
  const Packets written = play_marked(
      "deepfakeklvenc name=klv ! rtpklvpay ! rtpklvdepay ! fakesink name=sink sync=false", &read);
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i].bytes, written[i].bytes) << i;
}

}  // namespace
