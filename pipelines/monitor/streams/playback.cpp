// SPDX-License-Identifier: LGPL-2.1-or-later

#include "playback.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace dfd::monitor {
namespace {

constexpr const char* kPaceKey = "pace";

// Of one pad; all but `end` belongs to its streaming thread.
struct Pace {
  GstSegment segment;
  std::optional<Time> due;
  GstClockTime last = 0;
  // Running time behind the newest picture.
  std::atomic<GstClockTime> end{0};
};

// Where neither stream nor decoder knows how long a picture stays.
constexpr GstClockTime kPictureDuration = 40 * GST_MSECOND;

void note_picture(Pace& pace, GstBuffer* buffer) {
  constexpr GstClockTime kLongest = GST_SECOND;
  const GstClockTime running =
      gst_segment_to_running_time(&pace.segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (!GST_CLOCK_TIME_IS_VALID(running)) return;
  const Time now = Time::clock::now();
  const bool follows = pace.due && running >= pace.last && running - pace.last <= kLongest;
  pace.due =
      follows ? std::max(*pace.due + std::chrono::nanoseconds(running - pace.last), now) : now;
  pace.last = running;
  const GstClockTime duration = GST_BUFFER_DURATION(buffer);
  pace.end = std::max<GstClockTime>(
      pace.end, running + (GST_CLOCK_TIME_IS_VALID(duration) ? duration : kPictureDuration));
}

GstPadProbeReturn on_paced(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  auto& pace = *static_cast<Pace*>(data);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    note_picture(pace, GST_PAD_PROBE_INFO_BUFFER(info));
    if (pace.due) std::this_thread::sleep_until(*pace.due);
  } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment(GST_PAD_PROBE_INFO_EVENT(info), &pace.segment);
  }
  return GST_PAD_PROBE_OK;
}

// What a seam needs.
struct Seam {
  GstElement* source;
  GstPad* end;
  OnSeam on_seam;
};

void rewind(GstElement* source, gpointer data) {
  GstEvent* seek = gst_event_new_seek(1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                                      GST_SEEK_TYPE_NONE, static_cast<gint64>(GST_CLOCK_TIME_NONE));
  if (gst_pad_send_event(GST_PAD(data), seek) != FALSE) return;
  GST_ELEMENT_ERROR(source, RESOURCE, SEEK, ("The file cannot be played from its beginning again."),
                    (nullptr));
}

GstPadProbeReturn on_looped(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  const auto& seam = *static_cast<Seam*>(data);
  switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info))) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return GST_PAD_PROBE_DROP;
    case GST_EVENT_EOS: {
      const auto* pace = static_cast<Pace*>(g_object_get_data(G_OBJECT(seam.end), kPaceKey));
      const GstClockTime shift = pace->end;
      gst_pad_set_offset(pad, static_cast<gint64>(shift));
      if (seam.on_seam) seam.on_seam(shift);
      // The thread that brings the end cannot wait for itself.
      gst_element_call_async(seam.source, rewind, gst_object_ref(pad), gst_object_unref);
      return GST_PAD_PROBE_DROP;
    }
    default:
      return GST_PAD_PROBE_OK;
  }
}

}  // namespace

void pace(GstPad* pad) {
  auto* state = new Pace;
  gst_segment_init(&state->segment, GST_FORMAT_TIME);
  g_object_set_data_full(G_OBJECT(pad), kPaceKey, state,
                         [](gpointer data) { delete static_cast<Pace*>(data); });
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_paced, state, nullptr);
}

void loop(GstElement* source, GstPad* pad, GstPad* end, OnSeam on_seam) {
  gst_pad_add_probe(pad,
                    static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                                 GST_PAD_PROBE_TYPE_EVENT_FLUSH),
                    on_looped, new Seam{source, end, std::move(on_seam)},
                    [](gpointer data) { delete static_cast<Seam*>(data); });
}

}  // namespace dfd::monitor
