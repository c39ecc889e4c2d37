// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which result a programme buffer gets from deepfakejoin, how long it waits for it, and what
// becomes of everything else that comes by its pads. Whole pipelines: join_pipeline_test.cpp.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "join_harness.h"

namespace {

namespace test = dfd::test;
using test::JoinHarness;

using Results = std::vector<int>;

// --- Which result

TEST(Join, GivesEachBufferTheNewestResultThatIsNotNewer) {
  JoinHarness join;
  for (const int number : {1, 3, 4, 8}) join.give(number);
  for (const int number : {0, 1, 2, 3, 4, 7, 8}) join.push(number);
  EXPECT_EQ(join.pull(7), (Results{-1, 1, 1, 3, 4, 4, 8}));
  EXPECT_EQ(join.stat("matched"), 6U);
  EXPECT_EQ(join.stat("unmatched"), 1U);
  EXPECT_EQ(join.stat("late"), 0U);
}

TEST(Join, GivesNoResultThatIsOlderThanTheMaximum) {
  JoinHarness join;
  g_object_set(join.element(), "max-age", guint64{2 * test::kJoinFrame}, nullptr);
  join.give(1);
  join.give(JoinHarness::frame(9));
  for (const int number : {1, 3, 4}) join.push(number);
  EXPECT_EQ(join.pull(3), (Results{1, 1, -1}));
}

TEST(Join, ComparesRunningTimes) {
  JoinHarness join;
  JoinHarness::send_segment(join.programme(), 10 * GST_SECOND);
  JoinHarness::send_segment(join.results(), 4 * test::kJoinFrame);
  for (const int number : {4, 5, 6}) join.give(number);
  for (const int number : {0, 1, 2}) {
    join.push(JoinHarness::at(10 * GST_SECOND + static_cast<guint64>(number) * test::kJoinFrame));
  }
  EXPECT_EQ(join.pull(3), (Results{4, 5, 6}));
}

TEST(Join, KnowsFramesInTheOrderOfDecoding) {
  JoinHarness join;
  for (const int number : {0, 3, 1, 2, 6, 4, 5}) join.push(number);
  for (int number = 0; number < 7; ++number) join.give(number);
  EXPECT_EQ(join.pull(7), (Results{0, 3, 1, 2, 6, 4, 5}));
  EXPECT_EQ(join.stat("late"), 0U);
}

TEST(Join, BeginsAnewWithResultsOfAnotherTime) {
  JoinHarness join;
  join.give(JoinHarness::frame(2000));
  join.give(1);
  join.push(2);
  EXPECT_TRUE(join.waits()) << "what was said of the other time counts no more";
  join.give(2);
  EXPECT_EQ(join.pull(), 2);
}

// --- How long it waits

TEST(Join, WaitsUntilItsResultHasCome) {
  JoinHarness join;
  join.give(0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  join.give(1);
  EXPECT_EQ(join.pull(), 1);
}

TEST(Join, ABufferWithoutAResultSaysThatThereIsNone) {
  JoinHarness join;
  join.give(0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  join.give(JoinHarness::frame(1));
  EXPECT_EQ(join.pull(), 0);
}

TEST(Join, AGapInTheResultsEndsTheWaitOfWhatLiesInIt) {
  JoinHarness join;
  join.give(0);
  join.push(2);
  join.push(3);
  EXPECT_TRUE(join.waits());
  gst_harness_push_event(join.results(), gst_event_new_gap(40 * GST_MSECOND, 80 * GST_MSECOND));
  EXPECT_EQ(join.pull(), 0);
  EXPECT_TRUE(join.waits()) << "a result may stand at the gap's end";
  join.give(3);
  EXPECT_EQ(join.pull(), 3);
}

TEST(Join, TheEndOfTheResultsEndsEveryWait) {
  JoinHarness join;
  join.give(0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  gst_harness_push_event(join.results(), gst_event_new_eos());
  EXPECT_EQ(join.pull(), 0);
  join.push(2);
  EXPECT_EQ(join.pull(), 0);
}

TEST(Join, AnotherStreamOfResultsIsWaitedForAgain) {
  JoinHarness join;
  gst_harness_push_event(join.results(), gst_event_new_eos());
  join.push(0);
  EXPECT_EQ(join.pull(), -1);
  gst_harness_push_event(join.results(), gst_event_new_stream_start("again"));
  JoinHarness::send_segment(join.results(), 0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  join.give(1);
  EXPECT_EQ(join.pull(), 1);
}

TEST(Join, LeavesWhenTheQueueSpansItsLatency) {
  JoinHarness join;
  g_object_set(join.element(), "latency", guint64{200 * GST_MSECOND}, nullptr);
  for (int number = 0; number < 5; ++number) join.push(number);
  EXPECT_TRUE(join.waits()) << "160 ms";
  join.push(5);
  EXPECT_EQ(join.pull(), -1);
  EXPECT_TRUE(join.waits()) << "160 ms again";
}

TEST(Join, AShorterLatencyCountsAtOnce) {
  JoinHarness join;
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(join.element(), bus);
  join.push(0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  g_object_set(join.element(), "latency", guint64{40 * GST_MSECOND}, nullptr);
  EXPECT_EQ(join.pull(), -1);
  // The pipeline is asked to find out.
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
  EXPECT_NE(message, nullptr);
  gst_clear_message(&message);
  gst_element_set_bus(join.element(), nullptr);
  gst_object_unref(bus);
}

TEST(Join, WithoutLatencyNothingWaits) {
  JoinHarness join;
  g_object_set(join.element(), "latency", guint64{0}, nullptr);
  for (int number = 0; number < 3; ++number) {
    join.push(number);
    EXPECT_EQ(join.pull(), -1);
  }
}

TEST(Join, LiveItLeavesAtItsDeadline) {
  JoinHarness join;
  gst_harness_set_upstream_latency(join.programme(), 30 * GST_MSECOND);
  join.push(2);
  EXPECT_TRUE(join.waits());
  EXPECT_EQ(join.pass_deadline(), (80 + 30 + 500) * GST_MSECOND);
  EXPECT_EQ(join.pull(), -1);
}

TEST(Join, LiveItWaitsAsLongAsTheAnalysisSaysItNeeds) {
  JoinHarness join;
  gst_harness_set_upstream_latency(join.programme(), 30 * GST_MSECOND);
  gst_harness_set_upstream_latency(join.results(), 900 * GST_MSECOND);
  join.push(2);
  EXPECT_TRUE(join.waits());
  EXPECT_EQ(join.pass_deadline(), (80 + 900) * GST_MSECOND);
  EXPECT_EQ(join.pull(), -1);
}

TEST(Join, OfABranchThatWasNeverLinkedItWaitsTheLatency) {
  JoinHarness join(false, false);
  g_object_set(join.element(), "latency", guint64{50 * GST_MSECOND}, nullptr);
  const auto begin = std::chrono::steady_clock::now();
  join.push(0);
  EXPECT_EQ(join.pull(), -1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

TEST(Join, OfABranchThatStallsItWaitsTheLatencyAfterTheLastResult) {
  JoinHarness join(false);
  g_object_set(join.element(), "latency", guint64{50 * GST_MSECOND}, nullptr);
  join.push(0);
  join.give(0);
  EXPECT_EQ(join.pull(), 0);
  const auto begin = std::chrono::steady_clock::now();
  for (int number = 1; number < 4; ++number) {
    join.push(number);
    EXPECT_EQ(join.pull(), 0);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(3 * 50));
}

TEST(Join, LateResultsAreCountedAndServeLaterBuffers) {
  JoinHarness join;
  for (int number = 0; number < 3; ++number) {
    join.push(number);
    EXPECT_TRUE(join.waits());
    join.pass_deadline();
    EXPECT_EQ(join.pull(), -1);
  }
  join.give(0);
  join.give(1);
  EXPECT_EQ(join.stat("late"), 2U);
  join.push(3);
  EXPECT_TRUE(join.waits());
  join.pass_deadline();
  EXPECT_EQ(join.pull(), 1);
  EXPECT_EQ(join.stat("matched"), 1U);
  EXPECT_EQ(join.stat("unmatched"), 3U);
}

// --- Latency

TEST(Join, AddsItsLatencyOrWhatTheAnalysisNeeds) {
  JoinHarness join;
  gst_harness_set_upstream_latency(join.programme(), 30 * GST_MSECOND);
  gst_harness_set_upstream_latency(join.results(), 100 * GST_MSECOND);
  EXPECT_EQ(gst_harness_query_latency(join.programme()), 530 * GST_MSECOND);
  gst_harness_set_upstream_latency(join.results(), 700 * GST_MSECOND);
  EXPECT_EQ(gst_harness_query_latency(join.programme()), 700 * GST_MSECOND);
}

struct Latency {
  gboolean live = FALSE;
  GstClockTime min = 0;
  GstClockTime max = 0;
};

Latency latency_of(JoinHarness& join) {
  Latency latency;
  GstPad* pad = gst_element_get_static_pad(join.element(), "src");
  GstQuery* query = gst_query_new_latency();
  EXPECT_TRUE(gst_pad_query(pad, query));
  gst_query_parse_latency(query, &latency.live, &latency.min, &latency.max);
  gst_query_unref(query);
  gst_object_unref(pad);
  return latency;
}

TEST(Join, IsLiveWhereEitherBranchIs) {
  for (const auto& [programme, results] : {std::pair{true, false}, {false, true}, {false, false}}) {
    JoinHarness join;
    gst_harness_set_live(join.programme(), static_cast<gboolean>(programme));
    gst_harness_set_live(join.results(), static_cast<gboolean>(results));
    EXPECT_EQ(latency_of(join).live != FALSE, programme || results);
  }
}

GstPadProbeReturn bound_latency(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer /*data*/) {
  GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return GST_PAD_PROBE_OK;
  gst_query_set_latency(query, TRUE, 10 * GST_MSECOND, 60 * GST_MSECOND);
  return GST_PAD_PROBE_HANDLED;
}

TEST(Join, CanHoldWhatItsQueueCan) {
  JoinHarness join;
  EXPECT_EQ(latency_of(join).max, GST_CLOCK_TIME_NONE);
  gst_pad_add_probe(join.programme()->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, bound_latency,
                    nullptr, nullptr);
  EXPECT_EQ(latency_of(join).min, 510 * GST_MSECOND);
  EXPECT_EQ(latency_of(join).max, 560 * GST_MSECOND);
}

// --- Buffers stay what they are

TEST(Join, SharesTheMemoryOfTheBuffer) {
  JoinHarness join;
  join.give(1);
  GstBuffer* buffer = JoinHarness::frame(1);
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  GST_BUFFER_DTS(buffer) = 7;
  GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
  join.push(gst_buffer_ref(buffer));  // As behind a tee.
  GstBuffer* come = gst_harness_pull(join.programme());
  EXPECT_NE(come, buffer);
  EXPECT_EQ(gst_buffer_peek_memory(come, 0), memory);
  EXPECT_EQ(GST_BUFFER_PTS(come), GST_BUFFER_PTS(buffer));
  EXPECT_EQ(GST_BUFFER_DTS(come), 7U);
  EXPECT_EQ(GST_BUFFER_DURATION(come), GST_BUFFER_DURATION(buffer));
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(come, GST_BUFFER_FLAG_DELTA_UNIT));
  EXPECT_EQ(test::probability_on(buffer), -1) << "the other branches' buffer";
  EXPECT_EQ(test::probability_on(come), 0.01);
  gst_buffer_unref(come);
  gst_buffer_unref(buffer);
}

TEST(Join, PassesABufferWithoutAResultAsItIs) {
  JoinHarness join;
  join.give(JoinHarness::frame(1));
  GstBuffer* buffer = JoinHarness::frame(1);
  join.push(gst_buffer_ref(buffer));
  GstBuffer* come = gst_harness_pull(join.programme());
  EXPECT_EQ(come, buffer);
  gst_buffer_unref(come);
  gst_buffer_unref(buffer);
}

TEST(Join, KeepsNoPixelsOfTheAnalysis) {
  JoinHarness join;
  GstBuffer* buffer = JoinHarness::result(0);
  bool freed = false;
  gst_mini_object_weak_ref(
      GST_MINI_OBJECT(gst_buffer_peek_memory(buffer, 0)),
      [](gpointer data, GstMiniObject*) { *static_cast<bool*>(data) = true; }, &freed);
  join.give(buffer);
  EXPECT_TRUE(freed);
}

// --- Boxes

struct Place {
  bool known;
  double x, width;
};

// Of a face at 40, 80 wide, in an analysed picture of 320 x 240.
Place place_in(const std::string& programme, const std::string& results, GstBuffer* result) {
  JoinHarness join;
  gst_harness_set_src_caps_str(join.programme(), programme.c_str());
  gst_harness_set_src_caps_str(join.results(), results.c_str());
  join.give(result);
  join.push(0);
  GstBuffer* buffer = gst_harness_pull(join.programme());
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  Place place{};
  double y = 0;
  double height = 0;
  EXPECT_NE(meta, nullptr);
  place.known = meta != nullptr && gst_deepfake_meta_locate_face(meta, buffer, 0, &place.x, &y,
                                                                 &place.width, &height) != FALSE;
  gst_buffer_unref(buffer);
  return place;
}

TEST(Join, BoxesFollowTheSizeOfTheProgramme) {
  for (const char* programme :
       {"video/x-h264,stream-format=avc,alignment=au,width=1280,height=960",
        "video/x-raw,format=I420,width=1280,height=960,framerate=25/1",
        "video/x-raw,format=I420,width=1280,height=960,framerate=25/1,pixel-aspect-ratio=1/1"}) {
    const Place place = place_in(programme, JoinHarness::kCaps, JoinHarness::result(0));
    EXPECT_TRUE(place.known) << programme;
    EXPECT_DOUBLE_EQ(place.x, 160) << programme;
    EXPECT_DOUBLE_EQ(place.width, 320) << programme;
  }
}

TEST(Join, BoxesAreUnknownWhereTheShapeIsAnother) {
  const char* const results = JoinHarness::kCaps;
  for (const char* programme :
       {"video/x-h264,stream-format=avc,alignment=au,width=1280,height=720",
        "video/x-h264,stream-format=avc,alignment=au,width=1280,height=960,pixel-aspect-ratio=4/3",
        "video/x-h264,stream-format=avc,alignment=au", "video/x-h264,width=-1,height=0",
        "application/x-rtp"}) {
    EXPECT_FALSE(place_in(programme, results, JoinHarness::result(0)).known) << programme;
  }
}

TEST(Join, BoxesKeepToTheShapeOfTheDisplay) {
  const std::string wide = ",pixel-aspect-ratio=4/3";
  const std::string raw = "video/x-raw,format=I420,framerate=25/1,";
  const Place place = place_in(raw + "width=1440,height=1080,pixel-aspect-ratio=4/3",
                               raw + "width=320,height=180", JoinHarness::result(0, 320, 180));
  EXPECT_TRUE(place.known);
  EXPECT_DOUBLE_EQ(place.x, 180);
  EXPECT_FALSE(
      place_in(raw + "width=640,height=480" + wide, JoinHarness::kCaps, JoinHarness::result(0))
          .known);
  EXPECT_TRUE(place_in(raw + "width=640,height=480" + wide, JoinHarness::kCaps + wide,
                       JoinHarness::result(0))
                  .known);
}

TEST(Join, BoxesStayUnknownThatTheAnalysisLost) {
  GstBuffer* buffer = JoinHarness::frame(0);
  GstBuffer* marked = JoinHarness::result(0);
  gst_deepfake_meta_copy(gst_buffer_get_deepfake_meta(marked), buffer, 0, 0);
  gst_buffer_unref(marked);
  EXPECT_FALSE(place_in(JoinHarness::kCaps, JoinHarness::kCaps, buffer).known);
}

TEST(Join, BoxesFollowCapsThatChange) {
  JoinHarness join;
  join.give(0);
  join.push(0);
  join.pull();
  gst_harness_set_src_caps_str(join.programme(), "video/x-h264,width=640,height=480");
  join.give(1);
  join.push(1);
  GstBuffer* buffer = gst_harness_pull(join.programme());
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  ASSERT_TRUE(gst_deepfake_meta_locate_face(gst_buffer_get_deepfake_meta(buffer), buffer, 0, &x, &y,
                                            &width, &height));
  EXPECT_DOUBLE_EQ(width, 160);
  gst_buffer_unref(buffer);
}

}  // namespace
