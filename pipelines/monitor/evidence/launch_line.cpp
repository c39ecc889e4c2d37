// SPDX-License-Identifier: LGPL-2.1-or-later

#include "launch_line.h"

#include <stdexcept>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

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

Owned<GstElement> make_line(const std::string& line) {
  GError* error = nullptr;
  GstElement* made =
      gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (made == nullptr) {
    const std::string text = error != nullptr ? error->message : "no reason is known";
    g_clear_error(&error);
    throw std::runtime_error(text);
  }
  return Owned<GstElement>(static_cast<GstElement*>(gst_object_ref_sink(made)));
}

void await_end(GstElement* pipeline, GstClockTime limit) {
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, limit, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  gst_object_unref(bus);
  const std::string fault = fault_of(message);
  g_clear_pointer(&message, gst_message_unref);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  if (!fault.empty()) throw std::runtime_error(fault);
}

}  // namespace dfd::monitor
