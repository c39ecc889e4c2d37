// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An element that writes results as another stream, fed frame by frame, and what came out of it.

#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "marked_video.h"

namespace dfd::test {

struct Written {
  std::string bytes;
  GstClockTime pts;
  GstClockTime duration;
  bool discont;
};

class EncoderHarness {
 public:
  static constexpr GstClockTime kFrame = 40 * GST_MSECOND;

  explicit EncoderHarness(const std::string& line,
                          const std::string& caps =
                              "video/x-raw,format=I420,width=320,height=240,"
                              "framerate=25/1")
      : harness_(gst_harness_new_parse(line.c_str())) {
    gst_harness_set_src_caps_str(harness_, caps.c_str());
  }
  ~EncoderHarness() { gst_harness_teardown(harness_); }
  EncoderHarness(const EncoderHarness&) = delete;
  EncoderHarness& operator=(const EncoderHarness&) = delete;

  // Without results. Its pixels do not matter, so there are none.
  static GstBuffer* frame(int number) {
    GstBuffer* buffer = gst_buffer_new();
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * kFrame;
    GST_BUFFER_DURATION(buffer) = kFrame;
    return buffer;
  }

  GstFlowReturn push(GstBuffer* buffer) { return gst_harness_push(harness_, buffer); }
  GstFlowReturn push(int number) { return push(frame(number)); }
  GstFlowReturn push(int number, const std::vector<GstDeepfakeFace>& faces) {
    GstBuffer* buffer = frame(number);
    mark(buffer, 320, 240, faces);
    return push(buffer);
  }
  // The frame's results are of a stream and a model with these names.
  GstFlowReturn push_named(int number, const char* stream, const char* model) {
    GstBuffer* buffer = frame(number);
    GstDeepfakeMeta* meta = mark(buffer, 320, 240, {});
    g_free(meta->stream_id);
    g_free(meta->model_id);
    meta->stream_id = g_strdup(stream);
    meta->model_id = g_strdup(model);
    return push(buffer);
  }
  bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
  void send_segment(GstClockTime start, GstClockTime time) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = start;
    segment.time = time;
    EXPECT_TRUE(send(gst_event_new_segment(&segment)));
  }
  void flush() {
    EXPECT_TRUE(send(gst_event_new_flush_start()));
    EXPECT_TRUE(send(gst_event_new_flush_stop(TRUE)));
    send_segment(0, 0);
  }

  // What came out since the last call.
  std::vector<Written> take() {
    std::vector<Written> all;
    while (GstBuffer* buffer = gst_harness_try_pull(harness_)) {
      GstMapInfo map;
      EXPECT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
      all.push_back({std::string(reinterpret_cast<const char*>(map.data), map.size),
                     GST_BUFFER_PTS(buffer), GST_BUFFER_DURATION(buffer),
                     GST_BUFFER_IS_DISCONT(buffer) != FALSE});
      gst_buffer_unmap(buffer, &map);
      gst_buffer_unref(buffer);
    }
    return all;
  }
  std::string take_text() {
    std::string text;
    for (const Written& written : take()) text += written.bytes;
    return text;
  }
  // Positions of the GAP events since the last call.
  std::vector<GstClockTime> take_gaps() {
    std::vector<GstClockTime> gaps;
    while (GstEvent* event = gst_harness_try_pull_event(harness_)) {
      if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
        GstClockTime start = 0;
        gst_event_parse_gap(event, &start, nullptr);
        gaps.push_back(start);
      }
      gst_event_unref(event);
    }
    return gaps;
  }
  GstHarness* harness() { return harness_; }

 private:
  GstHarness* harness_;
};

// A command of the shell, to its end.
struct Command {
  explicit Command(const std::string& line) {
    FILE* pipe = popen((line + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return;
    std::array<char, 4096> part{};
    while (std::fgets(part.data(), part.size(), pipe) != nullptr) output += part.data();
    status = pclose(pipe);
  }
  int status = -1;
  std::string output;
};

// Plays to the end; an error, or none of both within a minute, fails the test.
inline void play_to_end(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
  EXPECT_NE(message, nullptr) << "the pipeline hangs";
  if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    ADD_FAILURE() << error->message;
    g_error_free(error);
  }
  gst_clear_message(&message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
}

inline GstElement* parse_pipeline(const std::string& line) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
  if (error != nullptr) {
    ADD_FAILURE() << line << ": " << error->message;
    g_clear_error(&error);
  }
  return pipeline;
}

}  // namespace dfd::test
