// SPDX-License-Identifier: LGPL-2.1-or-later

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
  ASSERT_EQ(written.size(), 1U);  // The header, so that sinks and readers have something.
  EXPECT_EQ(written[0].bytes, kHead);
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

// --- What others make of it

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
