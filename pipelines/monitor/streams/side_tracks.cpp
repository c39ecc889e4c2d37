// SPDX-License-Identifier: LGPL-2.1-or-later

#include "streams/side_tracks.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace dfd::monitor {
namespace {

// Beside sound. So demuxers name them, and no container.
constexpr std::array<std::string_view, 5> kKinds = {"text/", "subpicture/", "meta/",
                                                    "closedcaption/", "application/x-teletext"};

bool is_of(const GstStructure* track, std::string_view kind) {
  return std::string_view(gst_structure_get_name(track)).substr(0, kind.size()) == kind;
}

// RTP says it beside the name.
bool is_sound(const GstStructure* track) {
  return is_of(track, "audio/") ||
         g_strcmp0(gst_structure_get_string(track, "media"), "audio") == 0;
}

gboolean on_autoplug_continue(GstElement* /*bin*/, GstPad* /*pad*/, GstCaps* caps,
                              gpointer /*data*/) {
  const GstStructure* track = gst_caps_get_structure(caps, 0);
  return !is_sound(track) && std::none_of(kKinds.begin(), kKinds.end(), [&](std::string_view kind) {
    return is_of(track, kind);
  });
}

template <typename Check>
bool is_true_of(GstPad* pad, const Check& check) {
  GstCaps* caps = gst_pad_query_caps(pad, nullptr);
  const bool is_true = gst_caps_get_size(caps) > 0 && check(gst_caps_get_structure(caps, 0));
  gst_caps_unref(caps);
  return is_true;
}

GstPadProbeReturn drop(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer /*data*/) {
  return GST_PAD_PROBE_DROP;
}

}  // namespace

void give_side_tracks(GstElement* decoder) {
  g_signal_connect(decoder, "autoplug-continue", G_CALLBACK(on_autoplug_continue), nullptr);
}

bool has_pictures(GstPad* pad) {
  return is_true_of(pad, [](const GstStructure* track) { return is_of(track, "video/"); });
}

bool has_sound(GstPad* pad) { return is_true_of(pad, is_sound); }

void discard(GstPad* pad) {
  gst_pad_add_probe(
      pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      drop, nullptr, nullptr);
}

}  // namespace dfd::monitor
