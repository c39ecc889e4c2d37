// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The results that deepfakejoin keeps, and which of them belongs to a moment of the programme.
// Times are running times in nanoseconds; GST_CLOCK_TIME_NONE: nobody knows.

#pragma once

#include <gst/gst.h>

#include <deque>
#include <memory>

#include "gstdeepfakemeta.h"

// Further back than any codec reorders, it is no reordering but another time.
constexpr GstClockTime kGstDeepfakeLongestReordering = GST_SECOND;

// Of a picture: its size in pixels, 0 when unknown, and how wide one of them is.
struct GstDeepfakeShape {
  guint width = 0;
  guint height = 0;
  gint par_n = 1;
  gint par_d = 1;
};

// As caps of raw or encoded video have it.
GstDeepfakeShape gst_deepfake_shape_of(const GstCaps* caps);

// A meta without the pixels that it came with: decoders want their buffers back. Immutable, so any
// thread may use it.
class GstDeepfakeJoinResult {
 public:
  // buffer: carries meta, and is not kept. caps: what the shape of its picture has.
  GstDeepfakeJoinResult(const GstDeepfakeMeta* meta, GstBuffer* buffer,
                        const GstDeepfakeShape& caps);
  ~GstDeepfakeJoinResult();
  GstDeepfakeJoinResult(const GstDeepfakeJoinResult&) = delete;
  GstDeepfakeJoinResult& operator=(const GstDeepfakeJoinResult&) = delete;

  // Gives a writable buffer a copy of the meta. The boxes are known where the buffer's picture is
  // the analysed one, scaled as a whole.
  void attach(GstBuffer* buffer, const GstDeepfakeShape& picture) const;

 private:
  GstBuffer* holder_;  // Without memory.
  GstDeepfakeShape shape_;
};

using GstDeepfakeJoinResultPtr = std::shared_ptr<const GstDeepfakeJoinResult>;

// Not thread-safe.
class GstDeepfakeJoinResults {
 public:
  // Moves on to time too. A time far before the newest one begins another stretch: all before is
  // forgotten.
  void add(GstClockTime time, GstDeepfakeJoinResultPtr result);
  // Up to time, all results there are have come.
  void reach(GstClockTime time);
  // With an end, no others come.
  void set_ended(bool ended) { ended_ = ended; }
  bool has_reached(GstClockTime time) const;

  // The newest one of at most this time and at most max_age before it; null: none.
  GstDeepfakeJoinResultPtr match(GstClockTime time, GstClockTime max_age) const;
  // Nobody asks for what is older any more.
  void forget_before(GstClockTime time);
  // An end stays one.
  void clear();

 private:
  struct Entry {
    GstClockTime time;
    GstDeepfakeJoinResultPtr result;
  };
  std::deque<Entry> entries_;  // By ascending time; of equal ones the newest last.
  GstClockTime reached_ = GST_CLOCK_TIME_NONE;
  bool ended_ = false;
};
