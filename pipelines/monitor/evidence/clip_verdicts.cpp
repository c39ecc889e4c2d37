// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clip_verdicts.h"

#include <gst/app/gstappsrc.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "streams/tap.h"

namespace dfd::monitor {
namespace {

struct Feed {
  GstAppSrc* results = nullptr;
  std::vector<Said> said;
  std::size_t next = 0;
  // Of the newest one that was given.
  GstClockTime reached = 0;
  bool ended = false;
  // Running time of the clip's first keyframe.
  std::optional<GstClockTime> begin = std::nullopt;
};

void push(const Feed& feed, const Said& said) {
  GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(said.sample.get()));
  GST_BUFFER_PTS(buffer) = *feed.begin + said.running_time;
  GstSample* sample =
      gst_sample_new(buffer, gst_sample_get_caps(said.sample.get()), nullptr, nullptr);
  gst_app_src_push_sample(feed.results, sample);
  gst_sample_unref(sample);
  gst_buffer_unref(buffer);
}

// A picture waits until a verdict of its time or later has come, or the last one.
void push_up_to(Feed& feed, GstClockTime time) {
  while (feed.next < feed.said.size() && feed.reached <= time) {
    const Said& said = feed.said[feed.next++];
    feed.reached = *feed.begin + said.running_time;
    push(feed, said);
  }
  if (feed.next < feed.said.size() || std::exchange(feed.ended, true)) return;
  gst_app_src_end_of_stream(feed.results);
}

GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& feed = *static_cast<Feed*>(data);
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) return GST_PAD_PROBE_OK;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  const GstClockTime time = gst_segment_to_running_time(
      segment, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
  gst_event_unref(event);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return GST_PAD_PROBE_OK;
  if (!feed.begin) feed.begin = time;
  push_up_to(feed, time);
  return GST_PAD_PROBE_OK;
}

bool is_known(const Segment& segment, const Segment& first) {
  return GST_CLOCK_TIME_IS_VALID(segment.first) && GST_CLOCK_TIME_IS_VALID(segment.last) &&
         segment.shift == first.shift && segment.connection == first.connection;
}

}  // namespace

std::vector<Said> verdicts_of(const std::vector<Segment>& segments, const VerdictLog& log) {
  if (segments.empty()) return {};
  const Segment& first = segments.front();
  GstClockTime last = 0;
  for (const Segment& segment : segments) {
    if (!is_known(segment, first)) return {};
    last = std::max(last, segment.last);
  }
  // Pictures before time begins are not judged.
  if (last < Tap::kTimeBase) return {};
  const GstClockTime begin = std::max(first.first, Tap::kTimeBase) - Tap::kTimeBase;
  std::vector<Said> said = log.between(first.connection, begin, last - Tap::kTimeBase);
  for (Said& one : said) {
    one.running_time = std::max(one.running_time + Tap::kTimeBase, first.first) - first.first;
  }
  return said;
}

void feed_verdicts(GstElement* join, GstElement* results, std::vector<Said> said) {
  GstPad* pad = gst_element_get_static_pad(join, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture,
                    new Feed{GST_APP_SRC(results), std::move(said)},
                    [](gpointer data) { delete static_cast<Feed*>(data); });
  gst_object_unref(pad);
}

}  // namespace dfd::monitor
