// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfakejoin, fed on both sides by hand, and what came out of it.

#pragma once

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>
#include <gst/gst.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "marked_video.h"

namespace dfd::test {

constexpr GstClockTime kJoinFrame = 40 * GST_MSECOND;

inline guint64 join_stat(GstElement* join, const char* name) {
  GstStructure* stats = nullptr;
  g_object_get(join, "stats", &stats, nullptr);
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(stats, name, &value)) << name;
  gst_structure_free(stats);
  return value;
}

// Probability of the stream on a buffer; -1: no result on it.
inline double probability_on(GstBuffer* buffer) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  return meta == nullptr ? -1 : meta->probability;
}

class JoinHarness {
 public:
  static constexpr const char* kCaps =
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1";

  // A live one runs on a test clock, which stands still until it is told to move.
  explicit JoinHarness(bool live = true, bool with_results = true)
      : programme_(gst_harness_new_with_padnames("deepfakejoin", "sink", "src")) {
    gst_harness_set_live(programme_, static_cast<gboolean>(live));
    if (with_results) {
      results_ = gst_harness_new_with_element(programme_->element, "results", nullptr);
      gst_harness_set_live(results_, static_cast<gboolean>(live));
      gst_harness_set_src_caps_str(results_, kCaps);
    }
    gst_harness_set_src_caps_str(programme_, kCaps);
  }
  ~JoinHarness() {
    if (results_ != nullptr) gst_harness_teardown(results_);
    gst_harness_teardown(programme_);
  }
  JoinHarness(const JoinHarness&) = delete;
  JoinHarness& operator=(const JoinHarness&) = delete;

  static GstBuffer* frame(int number) { return at(static_cast<GstClockTime>(number) * kJoinFrame); }
  static GstBuffer* at(GstClockTime pts) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 8, nullptr);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DURATION(buffer) = kJoinFrame;
    return buffer;
  }
  // The result of a frame has its number as hundredths.
  static GstBuffer* result(int number, guint width = 320, guint height = 240) {
    GstBuffer* buffer = frame(number);
    mark(buffer, width, height,
         {make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_SUSPICIOUS, 0.01 * number)});
    return buffer;
  }

  void push(GstBuffer* buffer) { ASSERT_EQ(gst_harness_push(programme_, buffer), GST_FLOW_OK); }
  void push(int number) { push(frame(number)); }
  void give(GstBuffer* buffer) { ASSERT_EQ(gst_harness_push(results_, buffer), GST_FLOW_OK); }
  void give(int number) { give(result(number)); }

  // Waits for the next one, and says which result is on it: its hundredths, or -1.
  int pull() {
    GstBuffer* buffer = gst_harness_pull(programme_);
    if (buffer == nullptr) {
      ADD_FAILURE() << "nothing comes";
      return -2;
    }
    const double probability = probability_on(buffer);
    gst_buffer_unref(buffer);
    return probability < 0 ? -1 : static_cast<int>(probability * 100 + 0.5);
  }
  std::vector<int> pull(int count) {
    std::vector<int> all;
    all.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all.push_back(pull());
    return all;
  }

  // Live: true once the head waits for its deadline, so that it has not left.
  bool waits() {
    return gst_harness_wait_for_clock_id_waits(programme_, 1, 10) != FALSE &&
           gst_harness_buffers_in_queue(programme_) == 0;
  }
  // Lets the time come that the head waits for, and says which it is.
  GstClockTime pass_deadline() {
    EXPECT_TRUE(gst_harness_crank_single_clock_wait(programme_));
    GstTestClock* clock = gst_harness_get_testclock(programme_);
    const GstClockTime now = gst_clock_get_time(GST_CLOCK(clock));
    gst_object_unref(clock);
    return now;
  }

  static void send_segment(GstHarness* harness, GstClockTime start) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = start;
    EXPECT_TRUE(gst_harness_push_event(harness, gst_event_new_segment(&segment)));
  }
  static void flush(GstHarness* harness, gboolean reset_time = TRUE) {
    EXPECT_TRUE(gst_harness_push_event(harness, gst_event_new_flush_start()));
    EXPECT_TRUE(gst_harness_push_event(harness, gst_event_new_flush_stop(reset_time)));
    send_segment(harness, 0);
  }

  guint64 stat(const char* name) { return join_stat(element(), name); }
  GstElement* element() { return programme_->element; }
  GstHarness* programme() { return programme_; }
  GstHarness* results() { return results_; }

 private:
  GstHarness* programme_;
  GstHarness* results_ = nullptr;
};

}  // namespace dfd::test
