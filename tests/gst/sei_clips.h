// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips whose frames carry results, played into a file or out of a pipeline, and single buffers
// through one element: what the tests of SEI messages share, whatever the codec.

#pragma once

#include <gst/app/gstappsink.h>
#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakepayload.h"
#include "marked_video.h"

namespace dfd::test {

inline constexpr int kFrames = 30;

struct Frame {
  std::vector<guint8> bytes;
  bool marked = false;
  GstDeepfakeVerdict verdict = GST_DEEPFAKE_VERDICT_AUTHENTIC;
  double probability = -1;
  bool placed = false;
  double x = 0, y = 0, width = 0, height = 0;
};

inline Frame frame_of(GstBuffer* buffer) {
  Frame frame;
  frame.bytes.resize(gst_buffer_get_size(buffer));
  if (!frame.bytes.empty()) {
    gst_buffer_extract(buffer, 0, frame.bytes.data(), frame.bytes.size());
  }
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  frame.marked = meta != nullptr;
  if (meta == nullptr) return frame;
  frame.verdict = meta->verdict;
  frame.probability = meta->probability;
  frame.placed = gst_deepfake_meta_locate_face(meta, buffer, 0, &frame.x, &frame.y, &frame.width,
                                               &frame.height) != FALSE;
  return frame;
}

// A playing pipeline; with marks on what leaves "marker", if given.
inline GstElement* started(const std::string& line, Marks* marks) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
  EXPECT_EQ(error, nullptr) << line << ": " << error->message;
  if (marks != nullptr) mark_pad(pipeline, "marker", *marks);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  return pipeline;
}

inline void stop(GstElement* pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

// What comes out of the line until its end.
inline std::vector<Frame> play(const std::string& line, Marks* marks = nullptr) {
  std::vector<Frame> frames;
  GstElement* pipeline = started(line + " ! appsink name=sink sync=false max-buffers=4", marks);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND)) {
    frames.push_back(frame_of(gst_sample_get_buffer(sample)));
    gst_sample_unref(sample);
  }
  EXPECT_TRUE(gst_app_sink_is_eos(GST_APP_SINK(sink))) << line;
  gst_object_unref(sink);
  stop(pipeline);
  return frames;
}

// Suspicious for the first half, manipulated for the second; every frame has its own probability.
inline Marks marks_of_a_clip() {
  Marks marks;
  for (int i = 0; i < kFrames; ++i) {
    const GstDeepfakeVerdict verdict =
        i < kFrames / 2 ? GST_DEEPFAKE_VERDICT_SUSPICIOUS : GST_DEEPFAKE_VERDICT_MANIPULATED;
    marks.faces.push_back({make_face(3, 40, 60, 80, verdict, 0.5 + 0.01 * i)});
  }
  return marks;
}

inline std::string scratch(const std::string& name) {
  return std::string(DFD_TEST_SCRATCH "/") + name;
}

// A clip that is marked at "marker", as input of an encoder. With a format: without one, encoders
// take ten bits of 4:4:4.
inline std::string marked_source(const std::string& between = "identity") {
  return "videotestsrc pattern=ball num-buffers=" + std::to_string(kFrames) +
         " ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! identity name=marker "
         "! " +
         between + " ! ";
}

// Plays the line to its end into a file, and returns the file's path.
inline std::string write_file(const std::string& name, const std::string& line,
                              Marks* marks = nullptr) {
  std::string path = scratch(name);
  GstElement* pipeline = started(line + " ! filesink location=" + path, marks);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* end = gst_bus_timed_pop_filtered(
      bus, 30 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  EXPECT_TRUE(end != nullptr && GST_MESSAGE_TYPE(end) == GST_MESSAGE_EOS) << line;
  if (end != nullptr) gst_message_unref(end);
  gst_object_unref(bus);
  stop(pipeline);
  return path;
}

// A marked clip; tail goes from the encoder on to the container.
inline std::string write_marked(const std::string& name, const std::string& tail,
                                const std::string& between = "identity") {
  Marks marks = marks_of_a_clip();
  return write_file(name, marked_source(between) + tail, &marks);
}

inline void expect_clip(const std::vector<Frame>& frames, const std::string& way,
                        double scale = 1) {
  ASSERT_EQ(frames.size(), static_cast<std::size_t>(kFrames)) << way;
  for (int i = 0; i < kFrames; ++i) {
    const Frame& frame = frames[static_cast<std::size_t>(i)];
    ASSERT_TRUE(frame.marked) << way << ", frame " << i;
    EXPECT_EQ(frame.verdict,
              i < kFrames / 2 ? GST_DEEPFAKE_VERDICT_SUSPICIOUS : GST_DEEPFAKE_VERDICT_MANIPULATED)
        << way << ", frame " << i;
    EXPECT_NEAR(frame.probability, 0.5 + 0.01 * i, 1e-9) << way << ", frame " << i;
    ASSERT_TRUE(frame.placed) << way;
    const double tolerance = 0.05 * scale;  // A ten-thousandth of the picture is 0.03 pixels.
    EXPECT_NEAR(frame.x, 40 * scale, tolerance) << way;
    EXPECT_NEAR(frame.y, 60 * scale, tolerance) << way;
    EXPECT_NEAR(frame.width, 80 * scale, tolerance) << way;
    EXPECT_NEAR(frame.height, 80 * scale, tolerance) << way;
  }
}

// How clips go into a file and come out again.
struct Container {
  const char* name;
  const char* write;
  const char* read;
};

inline int count_in_output(const std::string& command, const std::string& text) {
  FILE* output = popen(command.c_str(), "r");  // NOLINT(cert-env33-c)
  if (output == nullptr) return -1;
  std::string all;
  char part[4096];
  while (const std::size_t size = fread(part, 1, sizeof part, output)) all.append(part, size);
  pclose(output);
  int count = 0;
  for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
  return count;
}

// One buffer at a time through one element.
class Harness {
 public:
  Harness(const char* element, const char* caps) : harness_(gst_harness_new(element)) {
    gst_harness_set_src_caps_str(harness_, caps);
  }
  ~Harness() { gst_harness_teardown(harness_); }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  Frame pass(GstBuffer* buffer) {
    EXPECT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
    GstBuffer* come = gst_harness_try_pull(harness_);
    EXPECT_NE(come, nullptr);
    Frame frame = frame_of(come);
    gst_buffer_unref(come);
    return frame;
  }
  // The text of the error that the element posts for this buffer.
  std::string error_at(GstBuffer* buffer) {
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(harness_->element, bus);
    EXPECT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_ERROR);
    GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    std::string text;
    if (message != nullptr) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      text = error->message;
      g_error_free(error);
      gst_message_unref(message);
    }
    gst_element_set_bus(harness_->element, nullptr);
    gst_object_unref(bus);
    return text;
  }
  guint64 damaged() {
    guint64 damaged = 0;
    gst_harness_get(harness_, "deepfakeseiextract", "damaged", &damaged, nullptr);
    return damaged;
  }

 private:
  GstHarness* harness_;
};

inline GstBuffer* buffer_of(const std::vector<guint8>& bytes) {
  return bytes.empty() ? gst_buffer_new() : gst_buffer_new_memdup(bytes.data(), bytes.size());
}

inline std::string good_text() {
  GstBuffer* buffer = gst_buffer_new();
  const GstDeepfakeMeta* meta =
      mark(buffer, 640, 480, {make_face(3, 80, 120, 160, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9)});
  std::string text = gst_deepfake_payload_write(meta, buffer);
  gst_buffer_unref(buffer);
  return text;
}

}  // namespace dfd::test
