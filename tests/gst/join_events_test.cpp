// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What becomes of events, queries and refusals at the pads of deepfakejoin, and of what cannot be
// joined.

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "join_harness.h"

namespace {

namespace test = dfd::test;
using test::JoinHarness;

// --- Events

// Names of what comes to a pad, in its order: of buffers "buffer", of events their type's.
class Log {
 public:
  explicit Log(GstPad* pad) {
    gst_pad_add_probe(pad,
                      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                      write_down, this, nullptr);
  }
  std::vector<std::string> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(names_, {});
  }
  std::vector<std::string> take_to(const std::string& last) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !names_.empty() && names_.back() == last; });
    return std::exchange(names_, {});
  }

 private:
  static GstPadProbeReturn write_down(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Log*>(data);
    const bool is_buffer = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0;
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->names_.emplace_back(
        is_buffer ? "buffer"
                  : gst_event_type_get_name(GST_EVENT_TYPE(gst_pad_probe_info_get_event(info))));
    self->changed_.notify_all();
    return GST_PAD_PROBE_OK;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;
};

TEST(JoinEvents, EventsAreTheProgrammesAndInOrder) {
  JoinHarness join;
  Log log(join.programme()->sinkpad);
  join.push(0);
  EXPECT_TRUE(join.waits());
  log.take();
  GstHarness* programme = join.programme();
  gst_harness_push_event(programme, gst_event_new_tag(gst_tag_list_new_empty()));
  join.push(1);
  gst_harness_set_src_caps_str(programme, "video/x-h264,width=640,height=480");
  gst_harness_push_event(
      programme, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty("own")));
  gst_harness_push_event(programme, gst_event_new_gap(80 * GST_MSECOND, 40 * GST_MSECOND));
  join.push(3);
  gst_harness_push_event(programme, gst_event_new_eos());
  EXPECT_TRUE(log.take().empty()) << "the first buffer waits, and so does what is behind it";
  gst_harness_push_event(join.results(), gst_event_new_tag(gst_tag_list_new_empty()));
  gst_harness_push_event(join.results(), gst_event_new_eos());
  EXPECT_EQ(log.take_to("eos"),
            (std::vector<std::string>{"buffer", "tag", "buffer", "caps", "segment",
                                      "custom-downstream", "gap", "buffer", "eos"}));
}

// Types of the upstream events that have come to a source pad.
std::vector<GstEventType> come_to(GstHarness* harness) {
  std::vector<GstEventType> types;
  while (GstEvent* event = gst_harness_try_pull_upstream_event(harness)) {
    if (GST_EVENT_TYPE(event) != GST_EVENT_RECONFIGURE) types.push_back(GST_EVENT_TYPE(event));
    gst_event_unref(event);
  }
  return types;
}

TEST(JoinEvents, UpstreamEventsGoToTheProgrammeAndLatencyToBoth) {
  JoinHarness join;
  come_to(join.programme());
  come_to(join.results());
  for (GstEvent* event :
       {gst_event_new_seek(1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                           GST_SEEK_TYPE_NONE, 0),
        gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2, 0, 0), gst_event_new_latency(GST_SECOND)}) {
    gst_harness_push_upstream_event(join.programme(), event);
  }
  EXPECT_EQ(come_to(join.programme()),
            (std::vector<GstEventType>{GST_EVENT_SEEK, GST_EVENT_QOS, GST_EVENT_LATENCY}));
  EXPECT_EQ(come_to(join.results()), (std::vector<GstEventType>{GST_EVENT_LATENCY}));
}

TEST(JoinEvents, AFlushForgetsTheProgrammeThatWaits) {
  JoinHarness join;
  join.push(0);
  join.push(1);
  EXPECT_TRUE(join.waits());
  JoinHarness::flush(join.programme());
  JoinHarness::flush(join.results());
  join.give(5);
  join.push(5);
  EXPECT_EQ(join.pull(), 5);
  EXPECT_EQ(gst_harness_buffers_received(join.programme()), 1U);
}

TEST(JoinEvents, AFlushLosesNoCapsThatWaited) {
  JoinHarness join;
  join.push(0);
  EXPECT_TRUE(join.waits());
  gst_harness_set_src_caps_str(join.programme(), "video/x-h264,width=640,height=480");
  JoinHarness::flush(join.programme());
  join.give(1);
  join.push(1);
  EXPECT_EQ(join.pull(), 1);
  GstCaps* caps = gst_pad_get_current_caps(join.programme()->sinkpad);
  EXPECT_EQ(std::string(gst_structure_get_name(gst_caps_get_structure(caps, 0))), "video/x-h264");
  gst_caps_unref(caps);
}

TEST(JoinEvents, AFlushThatRestartsTheRunningTimeForgetsItsResultsToo) {
  JoinHarness join;
  join.give(0);
  JoinHarness::flush(join.programme(), FALSE);
  join.push(0);
  EXPECT_EQ(join.pull(), 0) << "running time goes on";
  JoinHarness::flush(join.programme(), TRUE);
  join.push(0);
  EXPECT_TRUE(join.waits());
}

TEST(JoinEvents, AFlushOfTheResultsForgetsThem) {
  JoinHarness join;
  join.give(0);
  JoinHarness::flush(join.results());
  join.push(1);
  EXPECT_TRUE(join.waits());
  join.give(1);
  EXPECT_EQ(join.pull(), 1);
  EXPECT_EQ(gst_harness_events_in_queue(join.programme()), 3U) << "stream, caps, segment";
}

// --- What cannot be joined

// Text of the next warning; empty: there is none.
std::string warning_on(GstBus* bus) {
  std::string text;
  if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) {
    GError* error = nullptr;
    gst_message_parse_warning(message, &error, nullptr);
    text = error->message;
    g_error_free(error);
    gst_message_unref(message);
  }
  return text;
}

TEST(JoinEvents, BuffersWithoutATimePassAtOnceAndAreToldOnce) {
  JoinHarness join;
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(join.element(), bus);
  for (int i = 0; i < 2; ++i) {
    join.push(JoinHarness::at(GST_CLOCK_TIME_NONE));
    EXPECT_EQ(join.pull(), -1);
  }
  EXPECT_NE(warning_on(bus).find("\"sink\" has no timestamps"), std::string::npos);
  EXPECT_EQ(warning_on(bus), "");
  GstBuffer* result = JoinHarness::result(0);
  GST_BUFFER_PTS(result) = GST_CLOCK_TIME_NONE;
  join.give(result);
  EXPECT_NE(warning_on(bus).find("\"results\" has no timestamps"), std::string::npos);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  gst_harness_push_event(join.programme(), gst_event_new_stream_start("bytes"));
  gst_harness_push_event(join.programme(), gst_event_new_segment(&segment));
  join.push(0);
  EXPECT_EQ(join.pull(), -1);
  EXPECT_NE(warning_on(bus).find("segment in time"), std::string::npos);
  gst_element_set_bus(join.element(), nullptr);
  gst_object_unref(bus);
}

TEST(JoinEvents, ABufferBeforeTheSegmentPassesAtOnce) {
  JoinHarness join;
  JoinHarness::send_segment(join.programme(), GST_SECOND);
  join.push(0);
  EXPECT_EQ(join.pull(), -1);
}

TEST(JoinEvents, TimesThatStandStillDoNotFillMemory) {
  JoinHarness join;
  g_object_set(join.element(), "latency", guint64{GST_SECOND / 10}, nullptr);
  for (int i = 0; i < 300; ++i) join.push(0);
  EXPECT_TRUE(gst_harness_wait_for_clock_id_waits(join.programme(), 1, 10));
  EXPECT_EQ(gst_harness_buffers_received(join.programme()), 101U) << "two hundred wait";
}

// --- Downstream

TEST(JoinEvents, TellsUpstreamWhatDownstreamSaid) {
  JoinHarness join;
  gst_harness_push_event(join.results(), gst_event_new_eos());
  for (const GstFlowReturn said : {GST_FLOW_EOS, GST_FLOW_ERROR}) {
    const gulong probe = gst_pad_add_probe(
        join.programme()->sinkpad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          gst_buffer_unref(gst_pad_probe_info_get_buffer(info));
          GST_PAD_PROBE_INFO_DATA(info) = nullptr;
          GST_PAD_PROBE_INFO_FLOW_RETURN(info) = *static_cast<GstFlowReturn*>(data);
          return GST_PAD_PROBE_HANDLED;
        },
        g_memdup2(&said, sizeof said), g_free);
    GstFlowReturn flow = GST_FLOW_OK;
    while (flow == GST_FLOW_OK) flow = gst_harness_push(join.programme(), JoinHarness::frame(0));
    EXPECT_EQ(flow, said);
    gst_pad_remove_probe(join.programme()->sinkpad, probe);
    JoinHarness::flush(join.programme());
  }
  join.push(1);
  EXPECT_EQ(join.pull(), -1) << "a flush ends it";
}

TEST(JoinEvents, AnswersForDownstreamOnlyWhenAllBeforeHasLeft) {
  JoinHarness join;
  gst_harness_add_propose_allocation_meta(join.programme(), GST_DEEPFAKE_META_API_TYPE, nullptr);
  join.push(0);
  EXPECT_TRUE(join.waits());
  GstCaps* caps = gst_caps_from_string(JoinHarness::kCaps);
  GstQuery* query = gst_query_new_allocation(caps, TRUE);
  gst_caps_unref(caps);
  ASSERT_TRUE(gst_pad_peer_query(join.programme()->srcpad, query));
  EXPECT_EQ(gst_harness_buffers_received(join.programme()), 1U);
  EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_DEEPFAKE_META_API_TYPE, nullptr));
  EXPECT_EQ(gst_query_get_n_allocation_pools(query), 0U);
  gst_query_unref(query);
}

TEST(JoinEvents, StartsAndStopsOverAndOver) {
  JoinHarness join;
  for (int i = 0; i < 20; ++i) {
    join.push(0);
    gst_element_set_state(join.element(), GST_STATE_READY);
    gst_element_set_state(join.element(), GST_STATE_PLAYING);
    gst_harness_push_event(join.programme(), gst_event_new_stream_start("again"));
    gst_harness_set_src_caps_str(join.programme(), JoinHarness::kCaps);
  }
  EXPECT_EQ(join.stat("unmatched"), 0U);
}

}  // namespace
