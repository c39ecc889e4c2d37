// SPDX-License-Identifier: LGPL-2.1-or-later

#include "remux.h"

#include <gst/gst.h>

#include <stdexcept>

#include "base/secrets.h"
#include "streams/pipeline.h"

namespace dfd::monitor {
namespace {

// Long enough for any clip on a disk that works.
constexpr GstClockTime kLimit = 60 * GST_SECOND;

// What one track may be ahead of the other by.
constexpr const char* kQueue =
    " ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=67108864 ! muxer. ";

const char* parser_of(const std::string& codec) {
  if (codec == "video/x-h264") return "h264parse";
  if (codec == "video/x-h265") return "h265parse";
  throw std::runtime_error("MP4 is not made of " + codec);
}

std::string fault_of(GstMessage* message) {
  if (message == nullptr) return "its end does not come";
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) return "";
  GError* error = nullptr;
  gst_message_parse_error(message, &error, nullptr);
  std::string text = masked(error->message);
  g_clear_error(&error);
  return text;
}

}  // namespace

void remux_to_mp4(const std::string& from, const std::string& to, const std::string& codec,
                  const std::string& sound_parser) {
  std::string line =
      "filesrc name=from ! tsdemux name=demuxer mp4mux name=muxer ! "
      "filesink name=to demuxer. ! ";
  line += parser_of(codec) + std::string(kQueue);
  if (!sound_parser.empty()) line += "demuxer. ! " + sound_parser + kQueue;
  GError* error = nullptr;
  GstElement* made =
      gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (made == nullptr) {
    const std::string text = error != nullptr ? error->message : "no reason is known";
    g_clear_error(&error);
    throw std::runtime_error(text);
  }
  const Owned<GstElement> pipeline(static_cast<GstElement*>(gst_object_ref_sink(made)));
  const Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(made), "from"));
  const Owned<GstElement> sink(gst_bin_get_by_name(GST_BIN(made), "to"));
  g_object_set(source.get(), "location", from.c_str(), nullptr);
  g_object_set(sink.get(), "location", to.c_str(), "sync", FALSE, nullptr);
  gst_element_set_state(made, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(made);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, kLimit, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_object_unref(bus);
  const std::string fault = fault_of(message);
  g_clear_pointer(&message, gst_message_unref);
  gst_element_set_state(made, GST_STATE_NULL);
  if (!fault.empty()) throw std::runtime_error(fault);
}

}  // namespace dfd::monitor
