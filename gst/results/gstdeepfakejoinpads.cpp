// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakejoinpads.h"

#include <utility>

void GstDeepfakeJoinInput::set_caps(GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  shape_ = gst_deepfake_shape_of(caps);
}

GstClockTime GstDeepfakeJoinInput::time_of(GstBuffer* buffer) const {
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  const GstClockTime duration = GST_BUFFER_DURATION(buffer);
  if (segment_.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(pts)) {
    return GST_CLOCK_TIME_NONE;
  }
  const GstClockTime end = GST_CLOCK_TIME_IS_VALID(duration) ? pts + duration : GST_CLOCK_TIME_NONE;
  guint64 start = 0;
  if (gst_segment_clip(&segment_, GST_FORMAT_TIME, pts, end, &start, nullptr) == FALSE) {
    return GST_CLOCK_TIME_NONE;
  }
  return gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, start);
}

GstClockTime GstDeepfakeJoinInput::last_of(GstEvent* gap) const {
  GstClockTime start = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(gap, &start, &duration);
  const bool is_moment = !GST_CLOCK_TIME_IS_VALID(duration) || duration == 0;
  guint64 first = 0;
  guint64 end = 0;
  if (segment_.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(start) ||
      gst_segment_clip(&segment_, GST_FORMAT_TIME, start, is_moment ? start : start + duration,
                       &first, &end) == FALSE) {
    return GST_CLOCK_TIME_NONE;
  }
  // A frame may stand at its end. Backwards, time goes on towards its start.
  const guint64 last = segment_.rate < 0 || end == first ? first : end - 1;
  return gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, last);
}

void GstDeepfakeJoinInput::warn_of_missing_time(GstElement* element, GstPad* pad,
                                                GstBuffer* buffer) {
  const bool in_time = segment_.format == GST_FORMAT_TIME;
  if ((in_time && GST_BUFFER_PTS_IS_VALID(buffer)) || std::exchange(warned_, true)) return;
  GST_ELEMENT_WARNING(
      element, STREAM, FORMAT,
      ("Results cannot be joined: what comes on the pad \"%s\" has no %s.", GST_PAD_NAME(pad),
       in_time ? "timestamps; put a parser before it"
               : "segment in time; set format=time at its source"),
      ("segment in %s", gst_format_get_name(segment_.format)));
}

const GstDeepfakeShape& GstDeepfakeJoinOutput::shape(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps != caps_) shape_ = caps == nullptr ? GstDeepfakeShape{} : gst_deepfake_shape_of(caps);
  gst_clear_caps(&caps_);
  caps_ = caps;
  return shape_;
}

GstDeepfakeLatency gst_deepfake_ask_latency(GstPad* pad) {
  GstDeepfakeLatency latency;
  GstQuery* query = gst_query_new_latency();
  gboolean live = FALSE;
  latency.known = gst_pad_peer_query(pad, query) != FALSE;
  if (latency.known) gst_query_parse_latency(query, &live, &latency.min, &latency.max);
  latency.live = live != FALSE;
  gst_query_unref(query);
  return latency;
}
