// SPDX-License-Identifier: LGPL-2.1-or-later

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "encoder_harness.h"

namespace {

namespace test = dfd::test;
using Encoder = test::EncoderHarness;

constexpr const char* kHead =
    "WEBVTT\n\nNOTE stream camera, model 0123456789ab, threshold 0.750\n\n";

GstDeepfakeFace face(GstDeepfakeVerdict verdict, double probability, guint64 track = 3) {
  return test::make_face(track, 40, 60, 80, verdict, probability);
}

const GstDeepfakeFace kAlarm = face(GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
const GstDeepfakeFace kClean = face(GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.03);
const GstDeepfakeFace kOpen = face(GST_DEEPFAKE_VERDICT_UNDECIDED, -1);

// Frames first to last - 1, all with these faces.
void push_all(Encoder& encoder, int first, int last, const std::vector<GstDeepfakeFace>& faces) {
  for (int i = first; i < last; ++i) EXPECT_EQ(encoder.push(i, faces), GST_FLOW_OK);
}

// The text of one cue over ten frames with these faces.
std::string cue_of(const std::vector<GstDeepfakeFace>& faces) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 10, faces);
  encoder.send(gst_event_new_eos());
  const std::string text = encoder.take_text();
  const std::string head = std::string(kHead) + "00:00:00.000 --> 00:00:00.400\n";
  EXPECT_EQ(text.substr(0, head.size()), head);
  return text.size() < head.size() ? "" : text.substr(head.size());
}

TEST(WebVtt, ACueIsTheTimeOfOneVerdict) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 25, {kOpen});
  push_all(encoder, 25, 50, {kClean});
  push_all(encoder, 50, 60, {kAlarm});
  encoder.send(gst_event_new_eos());
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) +
                "00:00:00.000 --> 00:00:01.000\nUNDECIDED (warming-up)\n\n"
                "00:00:01.000 --> 00:00:02.000\nAUTHENTIC (manipulated with 3 %)\n\n"
                "00:00:02.000 --> 00:00:02.400\nMANIPULATED 90 % (face #3)\n\n");
}

TEST(WebVtt, ShowsTheHighestProbabilityAndWhoseItIs) {
  Encoder encoder("deepfakevttenc");
  encoder.push(0, {kAlarm});
  encoder.push(1, {kClean, face(GST_DEEPFAKE_VERDICT_MANIPULATED, 0.97, 8)});
  encoder.push(2, {kAlarm});
  encoder.send(gst_event_new_eos());
  EXPECT_NE(encoder.take_text().find("MANIPULATED 97 % (face #8)\n"), std::string::npos);
}

TEST(WebVtt, NamesTheReasonAndTheWholePicture) {
  EXPECT_EQ(cue_of({}), "UNDECIDED (no-face)\n\n");
  EXPECT_EQ(cue_of({face(GST_DEEPFAKE_VERDICT_SUSPICIOUS, 0.614, 0)}),
            "SUSPICIOUS 61 % (whole picture)\n\n");
  auto gap = kAlarm;
  gap.reason = "gap";
  gap.probability = -1;
  EXPECT_EQ(cue_of({gap}), "MANIPULATED (gap, face #3)\n\n");
}

TEST(WebVtt, NamesTheKindOfEvidenceOfAnAlarm) {
  auto alarm = kAlarm;
  test::set_evidence(alarm, GST_DEEPFAKE_EVIDENCE_SEAM, 0.88, 0.2);
  EXPECT_EQ(cue_of({alarm}), "MANIPULATED 90 % (face #3, seam 88 %)\n\n");
  auto clean = kClean;
  test::set_evidence(clean, GST_DEEPFAKE_EVIDENCE_SEAM, 0.03, 0.02);
  EXPECT_EQ(cue_of({clean}), "AUTHENTIC (manipulated with 3 %)\n\n");
  alarm.generated_probability = -1;
  alarm.evidence = GST_DEEPFAKE_EVIDENCE_GENERATED;
  EXPECT_EQ(cue_of({alarm}), "MANIPULATED 90 % (face #3)\n\n") << "no number of that kind";
}

TEST(WebVtt, NoNumberReadsAsCertainty) {
  EXPECT_EQ(cue_of({face(GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9996)}),
            "MANIPULATED over 99 % (face #3)\n\n");
  EXPECT_EQ(cue_of({face(GST_DEEPFAKE_VERDICT_AUTHENTIC, 0)}),
            "AUTHENTIC (manipulated with under 1 %)\n\n");
}

TEST(WebVtt, IsWrittenWhenACueEndsAndGapsTellTheTimeUntilThen) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 10, {kOpen});
  std::vector<test::Written> written = encoder.take();
  ASSERT_EQ(written.size(), 2U);  // So that sinks and readers have something.
  EXPECT_EQ(written[0].bytes, "WEBVTT\n\n");
  EXPECT_EQ(written[0].bytes + written[1].bytes, kHead);
  EXPECT_EQ(encoder.take_gaps().size(), 9U);
  encoder.push(10, {kAlarm});
  written = encoder.take();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].pts, 0U);
  EXPECT_EQ(written[0].duration, 10 * Encoder::kFrame);
}

TEST(WebVtt, CutsLongCues) {
  Encoder encoder("deepfakevttenc max-cue-duration=1000000000");
  push_all(encoder, 0, 30, {kAlarm});
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) + "00:00:00.000 --> 00:00:01.000\nMANIPULATED 90 % (face #3)\n\n");
  push_all(encoder, 30, 35, {kAlarm});
  encoder.send(gst_event_new_eos());
  EXPECT_EQ(encoder.take_text(), "00:00:01.000 --> 00:00:01.400\nMANIPULATED 90 % (face #3)\n\n");
}

TEST(WebVtt, ByDefaultAfterTenSeconds) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 250, {kAlarm});
  EXPECT_EQ(encoder.take_text(), kHead);
  encoder.push(250, {kAlarm});
  EXPECT_NE(encoder.take_text().find("00:00:00.000 --> 00:00:10.000\n"), std::string::npos);
}

TEST(WebVtt, ALongHoleEndsACueAndAShortOneDoesNot) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 5, {kAlarm});
  push_all(encoder, 20, 25, {kAlarm});
  push_all(encoder, 100, 105, {kAlarm});
  encoder.send(gst_event_new_eos());
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) + "00:00:00.000 --> 00:00:01.000\nMANIPULATED 90 % (face #3)\n\n" +
                "00:00:04.000 --> 00:00:04.200\nMANIPULATED 90 % (face #3)\n\n");
}

TEST(WebVtt, ACueIsNotStretchedOverFramesWithoutResults) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 5, {kAlarm});
  for (int i = 5; i < 60; ++i) encoder.push(i);
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) + "00:00:00.000 --> 00:00:00.200\nMANIPULATED 90 % (face #3)\n\n");
}

TEST(WebVtt, IsWebVttEvenWhenThereWasNothingToSay) {
  Encoder with_frames("deepfakevttenc");
  with_frames.push(0);
  with_frames.send(gst_event_new_eos());
  EXPECT_EQ(with_frames.take_text(), "WEBVTT\n\n");
  Encoder without("deepfakevttenc");
  without.send(gst_event_new_eos());
  EXPECT_EQ(without.take_text(), "WEBVTT\n\n");
}

TEST(WebVtt, AFlushDropsTheOpenCueAndBeginsANewText) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 5, {kAlarm});
  encoder.take();
  encoder.flush();
  push_all(encoder, 0, 5, {kClean});
  encoder.send(gst_event_new_eos());
  EXPECT_EQ(
      encoder.take_text(),
      std::string(kHead) + "00:00:00.000 --> 00:00:00.200\nAUTHENTIC (manipulated with 3 %)\n\n");
}

TEST(WebVtt, ANewSegmentOrStreamEndsTheCueAndGoesOnInTheSameText) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 5, {kAlarm});
  encoder.send_segment(0, 3600 * GST_SECOND);
  push_all(encoder, 0, 5, {kAlarm});
  encoder.send(gst_event_new_stream_start("next"));
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) + "00:00:00.000 --> 00:00:00.200\nMANIPULATED 90 % (face #3)\n\n" +
                "01:00:00.000 --> 01:00:00.200\nMANIPULATED 90 % (face #3)\n\n");
}

TEST(WebVtt, CuesOfFramesInDecodingOrderDoNotOverlap) {
  Encoder encoder("deepfakevttenc");
  const auto risen = face(GST_DEEPFAKE_VERDICT_MANIPULATED, 0.95);
  encoder.push(0, {kClean});
  encoder.push(4, {kAlarm});
  encoder.push(2, {kClean});
  encoder.push(1, {kClean});
  encoder.push(3, {risen});
  encoder.push(8, {kAlarm});
  encoder.send(gst_event_new_eos());
  EXPECT_EQ(encoder.take_text(),
            std::string(kHead) +
                "00:00:00.000 --> 00:00:00.160\nAUTHENTIC (manipulated with 3 %)\n\n"
                "00:00:00.160 --> 00:00:00.360\nMANIPULATED 95 % (face #3)\n\n");
}

TEST(WebVtt, AFrameWithoutADurationStillMakesACue) {
  Encoder encoder("deepfakevttenc");
  GstBuffer* buffer = Encoder::frame(0);
  GST_BUFFER_DURATION(buffer) = GST_CLOCK_TIME_NONE;
  test::mark(buffer, 320, 240, {kAlarm});
  encoder.push(buffer);
  encoder.send(gst_event_new_eos());
  EXPECT_NE(encoder.take_text().find("00:00:00.000 --> 00:00:00.001\n"), std::string::npos);
}

TEST(WebVtt, StrangeNamesCannotBreakTheText) {
  Encoder encoder("deepfakevttenc");
  encoder.push_named(0, "a --> b\n\n00:00.000 --> 00:09.000\n<b>&\xFF", "\"m\"\r");
  EXPECT_EQ(encoder.take_text(),
            "WEBVTT\n\nNOTE stream a --&gt; b  00:00.000 --&gt; 00:09.000 &lt;b&gt;&amp;"
            "\xEF\xBF\xBD, model \"m\" , threshold 0.750\n\n");
}

// Running time of the text's buffers, as whoever parses the text reckons it.
TEST(WebVtt, ParsedCuesAreShownWithTheirFrames) {
  for (const GstClockTime time : {0 * GST_SECOND, 100 * GST_SECOND}) {
    Encoder encoder("deepfakevttenc max-cue-duration=200000000 ! subparse");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = 10 * GST_SECOND;
    segment.time = time;
    segment.base = 3 * GST_SECOND;
    EXPECT_TRUE(encoder.send(gst_event_new_segment(&segment)));
    push_all(encoder, 250, 270, {kAlarm});
    encoder.send(gst_event_new_eos());
    const std::vector<test::Written> cues = encoder.take();
    ASSERT_GE(cues.size(), 3U);
    GstEvent* event = gst_pad_get_sticky_event(encoder.harness()->sinkpad, GST_EVENT_SEGMENT, 0);
    gst_event_copy_segment(event, &segment);
    gst_event_unref(event);
    for (std::size_t i = 0; i < cues.size(); ++i) {
      EXPECT_EQ(gst_segment_to_running_time(&segment, GST_FORMAT_TIME, cues[i].pts),
                3 * GST_SECOND + i * 200 * GST_MSECOND)
          << time << ", " << i;
    }
  }
}

TEST(WebVtt, PlayedAtAnotherSpeedTheStreamKeepsItsTimes) {
  Encoder encoder("deepfakevttenc");
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.applied_rate = 2;
  EXPECT_TRUE(encoder.send(gst_event_new_segment(&segment)));
  push_all(encoder, 100, 103, {kAlarm});
  const std::vector<test::Written> written = encoder.take();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written[0].pts, 100 * Encoder::kFrame);
  encoder.send(gst_event_new_eos());
  EXPECT_NE(encoder.take_text().find("00:00:08.000 --> "), std::string::npos);
}

TEST(WebVtt, GapsFollowTheSameTimeline) {
  Encoder encoder("deepfakevttenc");
  encoder.send_segment(0, 3600 * GST_SECOND);
  push_all(encoder, 0, 3, {kAlarm});
  encoder.send(gst_event_new_gap(20 * GST_SECOND, GST_SECOND));
  const std::vector<GstClockTime> gaps = encoder.take_gaps();
  ASSERT_FALSE(gaps.empty());
  EXPECT_EQ(gaps[0], 3600 * GST_SECOND + 40 * GST_MSECOND);
  EXPECT_EQ(gaps.back(), 3620 * GST_SECOND);
  encoder.send_segment(10 * GST_SECOND, 0);
  encoder.send(gst_event_new_gap(8 * GST_SECOND, 3 * GST_SECOND));
  EXPECT_EQ(encoder.take_gaps(), std::vector<GstClockTime>{0});
}

TEST(WebVtt, TheCapsCarryTheHeader) {
  Encoder encoder("deepfakevttenc");
  push_all(encoder, 0, 5, {kAlarm});
  GstCaps* caps = gst_pad_get_current_caps(encoder.harness()->sinkpad);
  const GValue* headers = gst_structure_get_value(gst_caps_get_structure(caps, 0), "streamheader");
  ASSERT_NE(headers, nullptr);
  ASSERT_EQ(gst_value_array_get_size(headers), 1U);
  GstBuffer* header = gst_value_get_buffer(gst_value_array_get_value(headers, 0));
  EXPECT_EQ(gst_buffer_memcmp(header, 0, "WEBVTT\n\n", 8), 0);
  EXPECT_EQ(gst_buffer_get_size(header), 8U);
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(header, GST_BUFFER_FLAG_HEADER));
  gst_caps_unref(caps);
}

// --- What others make of it

// Results that change with every frame.
test::Marks restless() {
  test::Marks marks;
  for (int i = 0; i < 5000; ++i) marks.faces.push_back({i % 2 == 0 ? kAlarm : kClean});
  return marks;
}

TEST(WebVtt, EachOfSeveralFilesBeginsAsWebVtt) {
  const std::string stem = DFD_TEST_SCRATCH "/part";
  for (const char* rule : {"next-file=max-size max-file-size=300",
                           "next-file=max-duration max-file-duration=300000000"}) {
    std::system(("rm -f " + stem + "??.vtt").c_str());
    GstElement* pipeline = test::parse_pipeline(
        "videotestsrc num-buffers=25 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
        "! identity name=marker ! deepfakevttenc ! multifilesink location=" +
        stem + "%02d.vtt " + rule);
    test::Marks marks = restless();
    test::mark_pad(pipeline, "marker", marks);
    test::play_to_end(pipeline);
    gst_object_unref(pipeline);
    for (const char* number : {"00", "01", "02"}) {
      const std::string text = test::Command("cat " + stem + number + ".vtt").output;
      EXPECT_EQ(text.rfind("WEBVTT\n\n", 0), 0U) << rule << ": " << text;
      EXPECT_EQ(text.find("WEBVTT", 1), std::string::npos) << rule << ": " << text;
      EXPECT_NE(text.find(" --> "), std::string::npos) << rule << ": " << text;
    }
  }
}

// What a client gets first that connects when the text has been running for a while.
std::string read_late(int port) {
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{30, 0};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    char part[256];
    while (text.find("-->") == std::string::npos) {
      const ssize_t size = read(client, part, sizeof(part));
      if (size <= 0) break;
      text.append(part, static_cast<std::size_t>(size));
    }
  }
  close(client);
  return text;
}

TEST(WebVtt, ALateClientGetsTheHeaderFirst) {
  GstElement* pipeline = test::parse_pipeline(
      "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
      "! identity name=marker ! deepfakevttenc name=vtt ! tcpserversink name=server "
      "host=127.0.0.1 port=0");
  test::Marks marks = restless();
  test::mark_pad(pipeline, "marker", marks);
  GstElement* vtt = gst_bin_get_by_name(GST_BIN(pipeline), "vtt");
  GstPad* pad = gst_element_get_static_pad(vtt, "src");
  std::atomic<int> written{0};
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      +[](GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
        ++*static_cast<std::atomic<int>*>(data);
        return GST_PAD_PROBE_OK;
      },
      &written, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  for (int i = 0; i < 1000 && written < 5; ++i) g_usleep(20000);
  EXPECT_GE(written, 5);
  GstElement* server = gst_bin_get_by_name(GST_BIN(pipeline), "server");
  gint port = 0;
  g_object_get(server, "current-port", &port, nullptr);
  const std::string text = read_late(port);
  EXPECT_EQ(text.rfind("WEBVTT\n\n00:", 0), 0U) << text;
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(server);
  gst_object_unref(pad);
  gst_object_unref(vtt);
  gst_object_unref(pipeline);
}

class VttFile : public testing::Test {
 protected:
  void SetUp() override {
    GstElement* pipeline = test::parse_pipeline(
        "videotestsrc num-buffers=75 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
        "! identity name=marker ! deepfakevttenc ! filesink location=" +
        file_);
    test::Marks marks;
    marks.faces.assign(25, {kOpen});
    marks.faces.insert(marks.faces.end(), 25, {kClean});
    marks.faces.push_back({kAlarm});
    test::mark_pad(pipeline, "marker", marks);
    test::play_to_end(pipeline);
    gst_object_unref(pipeline);
  }
  const std::string file_ = DFD_TEST_SCRATCH "/verdicts.vtt";
};

TEST(WebVtt, AFileIsWholeAfterASeek) {
  const std::string file = DFD_TEST_SCRATCH "/sought.vtt";
  GstElement* pipeline = test::parse_pipeline(
      "videotestsrc num-buffers=75 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
      "! identity name=marker ! deepfakevttenc ! filesink location=" +
      file);
  test::Marks marks;
  marks.faces = {{kAlarm}};
  test::mark_pad(pipeline, "marker", marks);
  gst_element_set_state(pipeline, GST_STATE_PAUSED);
  ASSERT_EQ(gst_element_get_state(pipeline, nullptr, nullptr, 20 * GST_SECOND),
            GST_STATE_CHANGE_SUCCESS);
  EXPECT_NE(gst_element_seek(pipeline, 1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                             GST_SECOND, GST_SEEK_TYPE_SET, 3 * GST_SECOND),
            FALSE);
  test::play_to_end(pipeline);
  gst_object_unref(pipeline);
  EXPECT_EQ(test::Command("cat " + file).output,
            std::string(kHead) + "00:00:01.000 --> 00:00:03.000\nMANIPULATED 90 % (face #3)\n\n");
}

TEST_F(VttFile, IsReadByFfmpeg) {
  const test::Command probe("ffprobe -v error -show_entries format=format_name -of csv=p=0 " +
                            file_);
  EXPECT_EQ(probe.output, "webvtt\n");
  const test::Command cues("ffmpeg -v error -i " + file_ + " -f srt -");
  EXPECT_EQ(cues.output,
            "1\n00:00:00,000 --> 00:00:01,000\nUNDECIDED (warming-up)\n\n"
            "2\n00:00:01,000 --> 00:00:02,000\nAUTHENTIC (manipulated with 3 %)\n\n"
            "3\n00:00:02,000 --> 00:00:03,000\nMANIPULATED 90 % (face #3)\n\n");
}

TEST_F(VttFile, IsReadByGStreamer) {
  GstElement* pipeline = test::parse_pipeline("filesrc location=" + file_ +
                                              " ! subparse ! fakesink name=sink "
                                              "signal-handoffs=true sync=false");
  std::vector<std::string> cues;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  const auto handoff =
      +[](GstElement* /*sink*/, GstBuffer* buffer, GstPad* /*pad*/, gpointer data) {
        gchar text[64] = {0};
        gst_buffer_extract(buffer, 0, text, sizeof(text) - 1);
        static_cast<std::vector<std::string>*>(data)->push_back(
            std::to_string(GST_BUFFER_PTS(buffer) / GST_MSECOND) + " " + text);
      };
  g_signal_connect(sink, "handoff", G_CALLBACK(handoff), &cues);
  test::play_to_end(pipeline);
  EXPECT_EQ(cues, (std::vector<std::string>{"0 UNDECIDED (warming-up)",
                                            "1000 AUTHENTIC (manipulated with 3 %)",
                                            "2000 MANIPULATED 90 % (face #3)"}));
  gst_object_unref(sink);
  gst_object_unref(pipeline);
}

}  // namespace
