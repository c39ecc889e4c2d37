// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What deepfakejoin knows of each of its pads.

#pragma once

#include <gst/gst.h>

#include "gstdeepfakejoinresults.h"

// Of a sink pad. Used by its streaming thread alone, or while there is none. Times are running
// times; GST_CLOCK_TIME_NONE: outside the segment, or nobody knows.
class GstDeepfakeJoinInput {
 public:
  GstDeepfakeJoinInput() { forget_segment(); }

  void start_stream() { warned_ = false; }
  void set_segment(GstEvent* event) { gst_event_copy_segment(event, &segment_); }
  void forget_segment() { gst_segment_init(&segment_, GST_FORMAT_UNDEFINED); }
  void set_caps(GstEvent* event);
  const GstDeepfakeShape& shape() const { return shape_; }

  GstClockTime time_of(GstBuffer* buffer) const;
  // The newest moment in a GAP event.
  GstClockTime last_of(GstEvent* gap) const;
  // Posts once a stream that buffers such as this one cannot be placed in time; of those outside
  // the segment there is nothing to tell.
  void warn_of_missing_time(GstElement* element, GstPad* pad, GstBuffer* buffer);

 private:
  GstSegment segment_;
  GstDeepfakeShape shape_;
  bool warned_ = false;
};

// The shape of what a source pad puts out. Used by its streaming thread alone.
class GstDeepfakeJoinOutput {
 public:
  GstDeepfakeJoinOutput() = default;
  ~GstDeepfakeJoinOutput() { gst_clear_caps(&caps_); }
  GstDeepfakeJoinOutput(const GstDeepfakeJoinOutput&) = delete;
  GstDeepfakeJoinOutput& operator=(const GstDeepfakeJoinOutput&) = delete;

  const GstDeepfakeShape& shape(GstPad* pad);

 private:
  GstCaps* caps_ = nullptr;  // What shape_ was read from.
  GstDeepfakeShape shape_;
};

// What the peer of a pad answers to a latency query.
struct GstDeepfakeLatency {
  bool known = false;
  bool live = false;
  GstClockTime min = 0;
  GstClockTime max = GST_CLOCK_TIME_NONE;
};

GstDeepfakeLatency gst_deepfake_ask_latency(GstPad* pad);
