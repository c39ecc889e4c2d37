// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pipelines with our element, and what came of them.

#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/test_model.h"

namespace dfd::test {

inline std::string element(const std::string& properties = "") {
  return "deepfakedetect name=d model-file=" + shared_model() + " " + properties;
}

// Pixels of frame number i: noise that moves, so that no picture is frozen.
inline GstBuffer* make_frame(const GstVideoInfo& info, int number) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; ++i) {
    map.data[i] = static_cast<guint8>(60 + (i / 7 + static_cast<gsize>(number) * 13) % 140);
  }
  gst_buffer_unmap(buffer, &map);
  GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * 40 * GST_MSECOND;
  GST_BUFFER_DURATION(buffer) = 40 * GST_MSECOND;
  return buffer;
}

struct Outcome {
  bool eos = false;
  GQuark domain = 0;
  int code = 0;
  std::string text;
  int frames = 0;  // That came out of the element.
  std::vector<GstStructure*> messages;

  Outcome() = default;
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;
  ~Outcome() {
    for (GstStructure* message : messages) gst_structure_free(message);
  }

  std::string last_verdict() const {
    return messages.empty() ? "" : gst_structure_get_string(messages.back(), "verdict");
  }
  std::string last_reason() const {
    return messages.empty() ? "" : gst_structure_get_string(messages.back(), "reason");
  }
};

inline GstPadProbeReturn count_frame(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
  ++*static_cast<int*>(data);
  return GST_PAD_PROBE_OK;
}

// Plays a pipeline with an element named "d" to its end, or until nothing happens for that long.
inline void play(const std::string& line, Outcome& outcome,
                 GstClockTime patience = 60 * GST_SECOND) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
  ASSERT_EQ(error, nullptr) << error->message;
  GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
  GstPad* pad = gst_element_get_static_pad(detect, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count_frame, &outcome.frames, nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  const auto types =
      static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT);
  while (GstMessage* message = gst_bus_timed_pop_filtered(bus, patience, types)) {
    const GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ERROR) {
      GError* found = nullptr;
      gst_message_parse_error(message, &found, nullptr);
      outcome.domain = found->domain;
      outcome.code = found->code;
      outcome.text = found->message;
      g_error_free(found);
    } else if (type == GST_MESSAGE_EOS) {
      outcome.eos = true;
    } else if (gst_message_has_name(message, "deepfakedetect") != FALSE) {
      outcome.messages.push_back(gst_structure_copy(gst_message_get_structure(message)));
    }
    gst_message_unref(message);
    if (type != GST_MESSAGE_ELEMENT) break;
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pad);
  gst_object_unref(detect);
  gst_object_unref(pipeline);
}

inline constexpr const char* kTestSource =
    "videotestsrc num-buffers=60 pattern=smpte horizontal-speed=5 ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! ";

}  // namespace dfd::test
