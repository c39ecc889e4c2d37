// SPDX-License-Identifier: LGPL-2.1-or-later

#include "unseen.h"

// It says so of the whole library, for years.
#define GST_USE_UNSTABLE_API
#include <gst/mpegts/mpegts.h>

namespace dfd::monitor {
namespace {

constexpr const char* kName = "deepfake-monitor-unseen";

void on_unknown_type(GstElement* decoder, GstPad* /*pad*/, GstCaps* caps, gpointer /*data*/) {
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  if (g_str_has_prefix(kind, "video/") || g_str_has_prefix(kind, "image/")) tell_unseen(decoder);
}

// Of the table that names them all; tsdemux takes one.
bool has_more_programs(GstMpegtsSection* section) {
  constexpr guint16 kNetwork = 0;  // What stands there is no program.
  GPtrArray* programs = gst_mpegts_section_get_pat(section);
  if (programs == nullptr) return false;
  int count = 0;
  for (guint i = 0; i < programs->len; ++i) {
    const auto* program = static_cast<GstMpegtsPatProgram*>(g_ptr_array_index(programs, i));
    if (program->program_number != kNetwork) ++count;
  }
  g_ptr_array_unref(programs);
  return count > 1;
}

}  // namespace

void watch_unseen(GstElement* decoder) {
  g_signal_connect(decoder, "unknown-type", G_CALLBACK(on_unknown_type), nullptr);
}

void tell_unseen(GstElement* decoder) {
  gst_element_post_message(
      decoder, gst_message_new_element(GST_OBJECT(decoder), gst_structure_new_empty(kName)));
}

bool tells_unseen(GstMessage* message) {
  if (gst_message_has_name(message, kName)) return true;
  if (!gst_message_has_name(message, "pat")) return false;
  GstMpegtsSection* section = gst_message_parse_mpegts_section(message);
  const bool has_more = section != nullptr && has_more_programs(section);
  if (section != nullptr) gst_mpegts_section_unref(section);
  return has_more;
}

}  // namespace dfd::monitor
