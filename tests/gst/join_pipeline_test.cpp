// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfakejoin behind a tee: what becomes of the programme when its analysis works, stalls or
// fails.

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "encoder_harness.h"
#include "join_harness.h"

namespace {

namespace test = dfd::test;

class JoinPipeline : public testing::Test {
 protected:
  ~JoinPipeline() override { stop(); }
  // Before what probes use goes out of scope.
  void stop() {
    if (pipeline_ == nullptr) return;
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_clear_object(&pipeline_);
  }
  void build(const std::string& line) {
    pipeline_ = test::parse_pipeline(line);
    ASSERT_NE(pipeline_, nullptr);
  }
  guint64 stat(const char* name) {
    GstElement* join = gst_bin_get_by_name(GST_BIN(pipeline_), "j");
    const guint64 value = test::join_stat(join, name);
    gst_object_unref(join);
    return value;
  }
  void expect_state(GstState state) {
    gst_element_set_state(pipeline_, state);
    const GstStateChangeReturn changed =
        gst_element_get_state(pipeline_, nullptr, nullptr, 20 * GST_SECOND);
    EXPECT_TRUE(changed == GST_STATE_CHANGE_SUCCESS || changed == GST_STATE_CHANGE_NO_PREROLL)
        << gst_element_state_get_name(state);
  }
  // Until the end, whatever errors there are on the way. FALSE: the pipeline hangs.
  bool plays_to_the_end() {
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline_);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, GST_MESSAGE_EOS);
    const bool ended = message != nullptr;
    gst_clear_message(&message);
    gst_object_unref(bus);
    return ended;
  }

  GstElement* pipeline_ = nullptr;
};

constexpr const char* kSource =
    "videotestsrc num-buffers=50 ! video/x-raw,format=I420,width=64,height=48,framerate=25/1 ! "
    "tee name=t ";

TEST_F(JoinPipeline, EveryFrameOfAFileGetsItsOwnResult) {
  test::Marks marks{64, 48, {}, 0};
  for (int i = 0; i < 50; ++i) {
    marks.faces.push_back({test::make_face(1, 4, 4, 8, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.01 * i)});
  }
  build(std::string(kSource) +
        "t. ! deepfakejoin name=j latency=10000000000 ! appsink name=s sync=false "
        "t. ! queue ! identity name=marker ! j.results");
  test::mark_pad(pipeline_, "marker", marks);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), "s");
  int frames = 0;
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND)) {
    EXPECT_NEAR(test::probability_on(gst_sample_get_buffer(sample)), 0.01 * frames, 1e-9);
    gst_sample_unref(sample);
    ++frames;
  }
  gst_object_unref(sink);
  EXPECT_EQ(frames, 50);
  EXPECT_EQ(stat("matched"), 50U);
  stop();
}

TEST_F(JoinPipeline, PlaysWhenTheResultsWereNeverLinked) {
  build(std::string(kSource) + "t. ! deepfakejoin name=j latency=50000000 ! fakesink");
  EXPECT_TRUE(plays_to_the_end());
  EXPECT_EQ(stat("unmatched"), 50U);
}

TEST_F(JoinPipeline, PrerollsAndPlaysWhenNoResultEverComes) {
  build(std::string(kSource) +
        "t. ! deepfakejoin name=j ! fakesink sync=true "
        "t. ! queue ! valve drop=true drop-mode=forward-sticky-events ! j.results");
  expect_state(GST_STATE_PAUSED);
  EXPECT_TRUE(plays_to_the_end());
  EXPECT_EQ(stat("unmatched"), 50U);
}

// Holds back whoever pushes, until the pad is flushed.
GstPadProbeReturn block(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer /*data*/) {
  return GST_PAD_PROBE_OK;
}

void block_pad(GstElement* pipeline, const char* element, const char* name) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), element);
  GstPad* pad = gst_element_get_static_pad(found, name);
  gst_pad_add_probe(
      pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      block, nullptr, nullptr);
  gst_object_unref(pad);
  gst_object_unref(found);
}

// The tee would wait for its queue, which holds two frames: far less than the latency.
TEST_F(JoinPipeline, PrerollsWhenTheAnalysisIsBlockedAndTheTeeWithIt) {
  build(std::string(kSource) +
        "t. ! deepfakejoin name=j latency=200000000 ! fakesink "
        "t. ! queue max-size-buffers=2 ! identity name=analysis ! j.results");
  block_pad(pipeline_, "analysis", "src");
  expect_state(GST_STATE_PAUSED);
  expect_state(GST_STATE_NULL);
}

TEST_F(JoinPipeline, PlaysWhenTheAnalysisIsBlockedBehindALeakyQueue) {
  build(std::string(kSource) +
        "t. ! deepfakejoin name=j latency=200000000 ! fakesink "
        "t. ! queue leaky=downstream max-size-buffers=2 ! identity name=analysis ! j.results");
  block_pad(pipeline_, "analysis", "src");
  EXPECT_TRUE(plays_to_the_end());
  EXPECT_EQ(stat("unmatched"), 50U);
}

// While it plays: a message of an error ends a change of state that is under way.
TEST_F(JoinPipeline, PlaysOnWhenTheAnalysisFails) {
  build(std::string(kSource) +
        "t. ! deepfakejoin name=j latency=200000000 ! fakesink sync=true "
        "t. ! queue ! errorignore convert-to=ok ! identity error-after=15 ! j.results");
  expect_state(GST_STATE_PAUSED);
  EXPECT_TRUE(plays_to_the_end());
  EXPECT_EQ(stat("unmatched"), 50U);
}

TEST_F(JoinPipeline, LivePlaysAtItsPaceWithoutResults) {
  build(
      "videotestsrc is-live=true num-buffers=15 ! video/x-raw,width=64,height=48,framerate=25/1 ! "
      "tee name=t t. ! deepfakejoin name=j latency=100000000 ! fakesink sync=true name=s "
      "t. ! queue leaky=downstream ! valve drop=true ! j.results");
  EXPECT_TRUE(plays_to_the_end());
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), "s");
  GstStructure* stats = nullptr;
  g_object_get(sink, "stats", &stats, nullptr);
  guint64 rendered = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, "rendered", &rendered));
  EXPECT_EQ(rendered, 15U) << "none is too late for the latency that was answered";
  gst_structure_free(stats);
  gst_object_unref(sink);
}

TEST_F(JoinPipeline, StopsWhileEverythingWaits) {
  for (const char* blocked : {"sink", "src"}) {
    for (const char* latency : {"0", "100000000", "3600000000000"}) {
      build(std::string(kSource) + "t. ! deepfakejoin name=j latency=" + latency +
            " ! fakesink t. ! queue ! valve drop=true ! j.results");
      if (std::string(blocked) == "src") block_pad(pipeline_, "j", "src");
      gst_element_set_state(pipeline_, GST_STATE_PAUSED);
      // Some way into it, wherever that is; it has to stop from anywhere.
      g_usleep(20000);
      expect_state(GST_STATE_NULL);
      stop();
    }
  }
}

TEST_F(JoinPipeline, ASeekGoesThroughTheCommonSourceOnce) {
  build(
      "videotestsrc name=source ! video/x-raw,width=64,height=48,framerate=25/1 ! tee name=t "
      "t. ! deepfakejoin name=j latency=10000000000 ! fakesink sync=true "
      "t. ! queue ! identity name=marker ! "
      "j.results");
  test::Marks marks{64, 48, {{}}, 0};
  test::mark_pad(pipeline_, "marker", marks);
  int seeks = 0;
  GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline_), "source");
  GstPad* pad = gst_element_get_static_pad(source, "src");
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        if (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_SEEK) {
          ++*static_cast<int*>(data);
        }
        return GST_PAD_PROBE_OK;
      },
      &seeks, nullptr);
  expect_state(GST_STATE_PAUSED);
  for (int i = 1; i < 6; ++i) {
    EXPECT_TRUE(gst_element_seek_simple(pipeline_, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                                        i * 10 * static_cast<gint64>(GST_SECOND)));
    expect_state(i % 2 == 0 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
  }
  EXPECT_EQ(seeks, 5);
  EXPECT_EQ(stat("late"), 0U);
  EXPECT_GT(stat("matched"), 0U);
  gst_object_unref(pad);
  gst_object_unref(source);
  stop();
}

// --- H.264

using Bytes = std::vector<guint8>;

// Access units that come out of the line until its end.
std::vector<Bytes> units_of(const std::string& line, test::Marks* marks) {
  std::vector<Bytes> units;
  GstElement* pipeline = test::parse_pipeline(line);
  if (marks != nullptr) test::mark_pad(pipeline, "marker", *marks);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "s");
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND)) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    Bytes bytes(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
    units.push_back(bytes);
    gst_sample_unref(sample);
  }
  EXPECT_TRUE(gst_app_sink_is_eos(GST_APP_SINK(sink)));
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return units;
}

// Where each start code begins, its leading zero included, and the end.
std::vector<std::size_t> starts_of(const Bytes& bytes) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i + 3 < bytes.size(); ++i) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
    starts.push_back(i > 0 && bytes[i - 1] == 0 ? i - 1 : i);
  }
  starts.push_back(bytes.size());
  return starts;
}

Bytes without_sei(const Bytes& bytes) {
  constexpr int kSeiUnit = 6;
  Bytes rest;
  const std::vector<std::size_t> starts = starts_of(bytes);
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const std::size_t header = starts[i] + (bytes[starts[i] + 2] == 1 ? 3 : 4);
    if ((bytes[header] & 0x1F) == kSeiUnit) continue;
    rest.insert(rest.end(), bytes.begin() + static_cast<std::ptrdiff_t>(starts[i]),
                bytes.begin() + static_cast<std::ptrdiff_t>(starts[i + 1]));
  }
  return rest;
}

TEST_F(JoinPipeline, H264StaysTheSameButForTheMessages) {
  // The encoder's threads and its look ahead are the same in both runs.
  const std::string source =
      "videotestsrc num-buffers=40 pattern=ball ! "
      "video/x-raw,format=I420,width=128,height=96,framerate=25/1 ! "
      "x264enc threads=1 bframes=2 key-int-max=10 rc-lookahead=5 ! "
      "video/x-h264,stream-format=byte-stream,alignment=au ! ";
  test::Marks marks{
      128, 96, {{test::make_face(3, 4, 6, 8, GST_DEEPFAKE_VERDICT_MANIPULATED, 1)}}, 0};
  const auto before = units_of(source + "appsink name=s sync=false", nullptr);
  const auto after = units_of(
      source +
          "tee name=t t. ! deepfakejoin name=j latency=10000000000 ! deepfakeseiinsert ! "
          "appsink name=s sync=false t. ! queue ! avdec_h264 ! identity name=marker ! j.results",
      &marks);
  ASSERT_EQ(before.size(), 40U);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(without_sei(after[i]), without_sei(before[i])) << i;
    EXPECT_GT(after[i].size(), before[i].size()) << i << ": its message";
  }
}

}  // namespace
