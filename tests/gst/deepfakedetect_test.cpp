// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element as pipelines see it.

#include <gst/app/gstappsrc.h>
#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "detect_harness.h"
#include "detector/geometry.h"
#include "gstdeepfakemeta.h"
#include "marked_video.h"
#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;
using test::element;
using test::HarnessTest;
using test::kTestSource;
using test::make_frame;
using test::Outcome;
using test::play;

TEST(DeepfakeDetect, GivesAVerdictForTheWholePicture) {
  Outcome outcome;
  play(kTestSource + std::string("deepfakedetect name=d inference-region=full-frame model-file=") +
           test::shared_model(dfd::Region::kFullFrame) + " ! fakesink",
       outcome);
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_EQ(outcome.frames, 60);
  ASSERT_FALSE(outcome.messages.empty());
  const GstStructure* last = outcome.messages.back();
  double probability = -1;
  ASSERT_TRUE(gst_structure_get_double(last, "probability", &probability));
  EXPECT_GE(probability, 0);
  EXPECT_LE(probability, 1);
  EXPECT_STREQ(gst_structure_get_string(last, "stream-id"), "d");
  EXPECT_EQ(gst_value_list_get_size(gst_structure_get_value(last, "faces")), 1U);
  guint64 running_time = 0;
  ASSERT_TRUE(gst_structure_get_uint64(last, "running-time", &running_time));
  EXPECT_GT(running_time, 2 * GST_SECOND);
}

TEST(DeepfakeDetect, EveryWindowPostsEveryScore) {
  Outcome outcome;
  play(kTestSource +
           std::string("deepfakedetect name=d messages=every-window inference-region=full-frame "
                       "model-file=") +
           test::shared_model(dfd::Region::kFullFrame) + " ! fakesink",
       outcome);
  int scores = 0;
  for (const GstStructure* message : outcome.messages) {
    scores += std::string(gst_structure_get_string(message, "event")) == "score" ? 1 : 0;
  }
  // 60 frames of 40 ms at 10 samples a second are 24 samples: the 4th and all later end a window.
  EXPECT_EQ(scores, 24 - test::kTestWindow + 1);
}

TEST(DeepfakeDetect, APictureWithoutFacesIsUndecided) {
  Outcome outcome;
  play(kTestSource + element() + " ! fakesink", outcome);
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_EQ(outcome.last_verdict(), "undecided");
  EXPECT_EQ(outcome.last_reason(), "no-face");
}

TEST(DeepfakeDetect, BlackIsUndecidedAndSaysSo) {
  Outcome outcome;
  play("videotestsrc num-buffers=75 pattern=black ! video/x-raw,format=NV12,framerate=25/1 ! " +
           element() + " ! fakesink",
       outcome);
  EXPECT_EQ(outcome.last_verdict(), "undecided");
  EXPECT_EQ(outcome.last_reason(), "black");
}

TEST(DeepfakeDetect, BadModelsFailTheStateChangeWithTheRightError) {
  const auto folder = test::scratch_folder("bad_models");
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  };
  std::ifstream in(test::shared_model(), std::ios::binary);
  std::string start(4096, '\0');
  in.read(start.data(), 4096);
  struct Case {
    std::string properties;
    GQuark domain;
    int code;
    const char* text;
  };
  const std::vector<Case> cases{
      {"", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/default.safetensors"},
      {"model-file=/nowhere/m.safetensors", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
       "/nowhere/m.safetensors"},
      {"model-file=" + folder.string(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
       "not a regular file"},
      {"model-file=" + write("empty", ""), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
       "at least 8 expected"},
      {"model-file=" + write("text", "this is no model, it is a text"), GST_RESOURCE_ERROR,
       GST_RESOURCE_ERROR_READ, "not a safetensors file"},
      {"model-file=" + write("cut", start), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
       "truncated"},
      {"model-file=" + write("foreign", std::string("\x02\0\0\0\0\0\0\0{}", 10)), GST_LIBRARY_ERROR,
       GST_LIBRARY_ERROR_SETTINGS, "deepfake-trainer import"},
      {"device=banana model-file=" + test::shared_model(), GST_LIBRARY_ERROR,
       GST_LIBRARY_ERROR_SETTINGS, "banana"},
      {"device=cuda:99 model-file=" + test::shared_model(), GST_LIBRARY_ERROR,
       GST_LIBRARY_ERROR_INIT, "cuda:99"},
  };
  g_setenv("DEEPFAKEDETECT_MODEL", "/nowhere/default.safetensors", TRUE);
  for (const Case& tried : cases) {
    Outcome outcome;
    play("videotestsrc num-buffers=1 ! deepfakedetect name=d " + tried.properties + " ! fakesink",
         outcome);
    EXPECT_FALSE(outcome.eos) << tried.properties;
    EXPECT_EQ(outcome.frames, 0) << tried.properties;
    EXPECT_EQ(outcome.domain, tried.domain) << tried.properties << ": " << outcome.text;
    EXPECT_EQ(outcome.code, tried.code) << tried.properties << ": " << outcome.text;
    EXPECT_NE(outcome.text.find(tried.text), std::string::npos) << outcome.text;
  }
  g_unsetenv("DEEPFAKEDETECT_MODEL");
}

TEST(DeepfakeDetect, WithoutAModelFileTakesTheOneThatTheEnvironmentNames) {
  g_setenv("DEEPFAKEDETECT_MODEL", test::shared_model(dfd::Region::kFullFrame).c_str(), TRUE);
  Outcome outcome;
  play(kTestSource + std::string("deepfakedetect name=d inference-region=full-frame ! fakesink"),
       outcome);
  g_unsetenv("DEEPFAKEDETECT_MODEL");
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_FALSE(outcome.messages.empty());
}

TEST(DeepfakeDetect, NeedsNoProperty) {
  g_unsetenv("DEEPFAKEDETECT_MODEL");
  Outcome outcome;
  play(kTestSource + std::string("deepfakedetect name=d ! fakesink"), outcome);
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_EQ(outcome.frames, 60);
}

TEST(DeepfakeDetect, RestartsAfterAnError) {
  GstElement* detect = gst_element_factory_make("deepfakedetect", nullptr);
  g_object_set(detect, "model-file", "/nowhere", nullptr);
  EXPECT_EQ(gst_element_set_state(detect, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  gst_element_set_state(detect, GST_STATE_NULL);
  g_object_set(detect, "model-file", test::shared_model().c_str(), "device", "cpu", nullptr);
  EXPECT_NE(gst_element_set_state(detect, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  gchar* device = nullptr;
  g_object_get(detect, "active-device", &device, nullptr);
  EXPECT_STREQ(device, "cpu");
  g_free(device);
  gst_element_set_state(detect, GST_STATE_NULL);
  gst_object_unref(detect);
}

TEST_F(HarnessTest, BuffersAreNotCopied) {
  start("", "format=I420,width=320,height=240,framerate=25/1");
  GstBuffer* in = gst_buffer_ref(make_frame(info_, 0));  // Behind a tee others hold it too.
  GstMemory* memory = gst_buffer_peek_memory(in, 0);
  ASSERT_EQ(gst_harness_push(harness_, in), GST_FLOW_OK);
  GstBuffer* out = gst_harness_pull(harness_);
  EXPECT_EQ(gst_buffer_peek_memory(out, 0), memory);
  EXPECT_NE(gst_buffer_get_deepfake_meta(out), nullptr);
  EXPECT_EQ(gst_buffer_get_deepfake_meta(in), nullptr);
  gst_buffer_unref(out);
  gst_buffer_unref(in);
}

TEST_F(HarnessTest, MissingTimestampsAreCounted) {
  start("inference-region=full-frame messages=every-window",
        "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) {
    GstBuffer* buffer = make_frame(info_, i);
    GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  }
  GstElement* detect = gst_harness_find_element(harness_, "deepfakedetect");
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  guint64 samples = 0;
  gst_structure_get_uint64(stats, "samples", &samples);
  EXPECT_EQ(samples, 12U);  // 30 frames of 40 ms at 10 a second.
  gst_structure_free(stats);
  gst_object_unref(detect);
}

TEST_F(HarnessTest, LatenciesAreCountedByTheirBounds) {
  start("inference-region=full-frame messages=every-window",
        "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(gst_harness_push(harness_, make_frame(info_, i)), GST_FLOW_OK);
  }
  ASSERT_TRUE(gst_harness_push_event(harness_, gst_event_new_eos()));  // All results are there.
  GstElement* detect = gst_harness_find_element(harness_, "deepfakedetect");
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  const GValue* bounds = gst_structure_get_value(stats, "latency-bounds-ms");
  const GValue* counts = gst_structure_get_value(stats, "latency-counts");
  ASSERT_TRUE(GST_VALUE_HOLDS_ARRAY(bounds) && GST_VALUE_HOLDS_ARRAY(counts));
  ASSERT_EQ(gst_value_array_get_size(counts), gst_value_array_get_size(bounds) + 1);
  guint64 all = 0;
  for (guint i = 0; i < gst_value_array_get_size(counts); ++i) {
    all += g_value_get_uint64(gst_value_array_get_value(counts, i));
  }
  guint64 batches = 0;
  gst_structure_get_uint64(stats, "batches", &batches);
  EXPECT_GT(batches, 0U);
  EXPECT_EQ(all, batches);
  double sum = 0;
  EXPECT_TRUE(gst_structure_get_double(stats, "latency-sum-ms", &sum));
  EXPECT_GT(sum, 0);
  guint64 window = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, "window-duration", &window));
  EXPECT_EQ(window, GST_SECOND * dfd::test::kTestWindow / dfd::test::kTestRate);
  gst_structure_free(stats);
  gst_object_unref(detect);
}

TEST_F(HarnessTest, OddTimestampsNowAndThenChangeNothing) {
  const auto odd = [](GstClockTime time, int kind) -> GstClockTime {
    switch (kind) {
      case 0:
        return time - 41 * GST_MSECOND;  // A millisecond before its predecessor.
      case 1:
        return time - 40 * GST_MSECOND;  // Its predecessor's.
      case 2:
        return GST_CLOCK_TIME_NONE;
      case 3:
        return time + 700 * GST_MSECOND;
      default:
        return time + 3600 * GST_SECOND;
    }
  };
  for (int kind = 0; kind < 5; ++kind) {
    start("inference-region=full-frame", "format=I420,width=320,height=240,framerate=25/1");
    for (int i = 0; i < 100; ++i) {
      GstBuffer* buffer = make_frame(info_, i);
      if (i % 10 == 9) GST_BUFFER_PTS(buffer) = odd(GST_BUFFER_PTS(buffer), kind);
      ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
    }
    EXPECT_EQ(gst_harness_buffers_received(harness_), 100U) << kind;
    GstElement* detect = gst_harness_find_element(harness_, "deepfakedetect");
    GstStructure* stats = nullptr;
    g_object_get(detect, "stats", &stats, nullptr);
    guint64 faces = 0;
    guint64 windows = 0;
    gst_structure_get(stats, "faces", G_TYPE_UINT64, &faces, "windows", G_TYPE_UINT64, &windows,
                      nullptr);
    EXPECT_EQ(faces, 1U) << kind;
    EXPECT_GE(windows, 40U - test::kTestWindow + 1 - 10) << kind;
    gst_structure_free(stats);
    gst_object_unref(detect);
    gst_harness_teardown(std::exchange(harness_, nullptr));
  }
}

TEST_F(HarnessTest, CapsMayChangeInMidStream) {
  start("inference-region=full-frame", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(push(i), GST_FLOW_OK);
  set_caps("format=BGRx,width=641,height=361,framerate=25/1");
  for (int i = 10; i < 20; ++i) ASSERT_EQ(push(i), GST_FLOW_OK);
  GstBuffer* last = nullptr;
  while (gst_harness_buffers_in_queue(harness_) > 0) {
    if (last != nullptr) gst_buffer_unref(last);
    last = gst_harness_pull(harness_);
  }
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(last);
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->frame_width, 641U);
  gst_buffer_unref(last);
}

TEST_F(HarnessTest, AFlushForgetsAndGoesOn) {
  start("inference-region=full-frame", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) ASSERT_EQ(push(i), GST_FLOW_OK);
  EXPECT_TRUE(gst_harness_push_event(harness_, gst_event_new_flush_start()));
  EXPECT_TRUE(gst_harness_push_event(harness_, gst_event_new_flush_stop(TRUE)));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  EXPECT_TRUE(gst_harness_push_event(harness_, gst_event_new_segment(&segment)));
  while (gst_harness_buffers_in_queue(harness_) > 0) gst_buffer_unref(gst_harness_pull(harness_));
  ASSERT_EQ(push(0), GST_FLOW_OK);
  GstBuffer* buffer = gst_harness_pull(harness_);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(meta->probability, -1);
  EXPECT_STREQ(meta->reason, "warming-up");
  gst_buffer_unref(buffer);
}

TEST_F(HarnessTest, TheSameSegmentAgainChangesNothing) {
  start("inference-region=full-frame", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) ASSERT_EQ(push(i), GST_FLOW_OK);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  EXPECT_TRUE(gst_harness_push_event(harness_, gst_event_new_segment(&segment)));
  while (gst_harness_buffers_in_queue(harness_) > 0) gst_buffer_unref(gst_harness_pull(harness_));
  ASSERT_EQ(push(30), GST_FLOW_OK);
  GstBuffer* buffer = gst_harness_pull(harness_);
  EXPECT_GE(gst_buffer_get_deepfake_meta(buffer)->probability, 0);
  gst_buffer_unref(buffer);
}

TEST_F(HarnessTest, GapBuffersAreNotAnalysed) {
  start("inference-region=full-frame", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) {
    GstBuffer* buffer = make_frame(info_, i);
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_GAP);
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  }
  GstBuffer* buffer = gst_harness_pull(harness_);
  EXPECT_EQ(gst_buffer_get_deepfake_meta(buffer)->n_faces, 0U);
  gst_buffer_unref(buffer);
}

TEST_F(HarnessTest, ExplainsWhenAskedAndOnlyThen) {
  start("inference-region=full-frame explain-rate=100",
        "format=I420,width=320,height=240,framerate=25/1");
  GstElement* detect = gst_harness_find_element(harness_, "deepfakedetect");
  int number = 0;
  const auto explained = [&] {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(push(number++), GST_FLOW_OK);
    while (gst_harness_buffers_in_queue(harness_) > 1) {
      gst_buffer_unref(gst_harness_pull(harness_));
    }
    GstBuffer* last = gst_harness_pull(harness_);
    const GstDeepfakeFace& face =
        *gst_deepfake_meta_get_face(gst_buffer_get_deepfake_meta(last), 0);
    const bool has_map = face.heatmap != nullptr;
    if (has_map) {
      EXPECT_EQ(face.heatmap_columns * face.heatmap_rows, 64U);
      EXPECT_EQ(face.heatmap_x, 0);
      EXPECT_EQ(face.heatmap_width, 1);  // The whole picture.
    }
    gst_buffer_unref(last);
    return has_map;
  };
  EXPECT_FALSE(explained());
  g_object_set(detect, "explain", TRUE, nullptr);
  EXPECT_TRUE(explained());
  g_object_set(detect, "explain", FALSE, nullptr);
  EXPECT_FALSE(explained());
  gst_util_set_object_arg(G_OBJECT(detect), "overlay", "heatmap");
  EXPECT_TRUE(explained());
  gst_object_unref(detect);
}

TEST_F(HarnessTest, AnotherElementsResultIsNotTakenAway) {
  for (const char* overlay : {"overlay=0", "overlay=banner"}) {
    start(std::string("meta=roi inference-region=full-frame ") + overlay,
          "format=I420,width=320,height=240,framerate=25/1");
    GstBuffer* buffer = make_frame(info_, 0);
    test::mark(buffer, 320, 240, {});
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
    buffer = gst_harness_pull(harness_);
    const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
    ASSERT_NE(meta, nullptr) << overlay;
    EXPECT_STREQ(meta->stream_id, "camera") << overlay;
    gst_buffer_unref(buffer);
    gst_harness_teardown(std::exchange(harness_, nullptr));
  }
}

TEST_F(HarnessTest, BackwardsPlaybackPassesUnjudged) {
  start("", "format=I420,width=320,height=240,framerate=25/1");
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = segment.position = 10 * GST_SECOND;
  EXPECT_TRUE(gst_harness_push_event(harness_, gst_event_new_segment(&segment)));
  ASSERT_EQ(push(5), GST_FLOW_OK);
  ASSERT_EQ(push(4), GST_FLOW_OK);
  GstBuffer* buffer = gst_harness_pull(harness_);
  EXPECT_EQ(gst_buffer_get_deepfake_meta(buffer), nullptr);
  gst_buffer_unref(buffer);
}

void mark(GstBuffer* buffer, const char* type, const dfd::RectF& box) {
  gst_buffer_add_video_region_of_interest_meta(
      buffer, type, static_cast<guint>(box.x), static_cast<guint>(box.y),
      static_cast<guint>(box.width), static_cast<guint>(box.height));
}

// The verdict beside each region of that type; regions without one give "".
std::vector<std::string> region_verdicts(GstBuffer* buffer, const char* type) {
  std::vector<std::string> verdicts;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(
             buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    if (region->roi_type != g_quark_from_string(type)) continue;
    GstStructure* param = gst_video_region_of_interest_meta_get_param(region, "deepfake");
    const gchar* verdict = param == nullptr ? nullptr : gst_structure_get_string(param, "verdict");
    verdicts.emplace_back(verdict == nullptr ? "" : verdict);
  }
  return verdicts;
}

TEST_F(HarnessTest, MarkedFacesAreJudgedWithoutADetector) {
  start("inference-region=roi-list", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 50; ++i) {
    GstBuffer* buffer = make_frame(info_, 0);  // The same picture, or every frame were a new shot,
    gst_buffer_memset(buffer, 0, static_cast<guint8>(i * 4), 320 * 10);  // but for its top.
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i) * 40 * GST_MSECOND;
    mark(buffer, "face", {80, 60, 100, 120});
    mark(buffer, "car", {10, 10, 60, 60});
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
  }
  while (gst_harness_buffers_in_queue(harness_) > 1) gst_buffer_unref(gst_harness_pull(harness_));
  GstBuffer* last = gst_harness_pull(harness_);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(last);
  ASSERT_NE(meta, nullptr);
  ASSERT_EQ(meta->n_faces, 1U);
  EXPECT_NEAR(meta->faces[0].x, 80, 2);
  EXPECT_GT(meta->faces[0].windows, 3U);
  // The region that was there has the verdict; no second one was added.
  const auto verdicts = region_verdicts(last, "face");
  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_FALSE(verdicts[0].empty());
  EXPECT_EQ(region_verdicts(last, "car"), std::vector<std::string>{""});
  gst_buffer_unref(last);
}

TEST_F(HarnessTest, WithoutMarksThereIsNoFace) {
  start("inference-region=roi-list", "format=I420,width=320,height=240,framerate=25/1");
  for (int i = 0; i < 30; ++i) ASSERT_EQ(push(i), GST_FLOW_OK);
  while (gst_harness_buffers_in_queue(harness_) > 1) gst_buffer_unref(gst_harness_pull(harness_));
  GstBuffer* last = gst_harness_pull(harness_);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(last);
  EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_STREQ(meta->reason, "no-face");
  EXPECT_EQ(meta->n_faces, 0U);
  gst_buffer_unref(last);
}

TEST(DeepfakeMeta, SurvivesScalingConversionAndEncoding) {
  for (const char* between :
       {"videoscale ! video/x-raw,width=160,height=120", "videoconvert ! video/x-raw,format=RGB",
        "x264enc tune=zerolatency ! avdec_h264"}) {
    const std::string line =
        "videotestsrc num-buffers=3 ! "
        "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " +
        element() + " ! " + between + " ! fakesink name=sink sync=false";
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    ASSERT_NE(pipeline, nullptr);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* end = gst_bus_timed_pop_filtered(
        bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
    ASSERT_NE(end, nullptr);
    EXPECT_EQ(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS) << between;
    gst_message_unref(end);
    GstSample* sample = nullptr;
    g_object_get(sink, "last-sample", &sample, nullptr);
    ASSERT_NE(sample, nullptr);
    const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(gst_sample_get_buffer(sample));
    ASSERT_NE(meta, nullptr) << between;
    EXPECT_EQ(meta->frame_width, 320U);
    EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
    EXPECT_STREQ(meta->stream_id, "d");
    gst_sample_unref(sample);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
  }
}

}  // namespace
