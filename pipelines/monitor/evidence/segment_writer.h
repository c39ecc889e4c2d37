// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes one segment of MPEG-TS from what a source sent, without coding anything anew.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

#include "streams/pipeline.h"
#include "streams/tap.h"

namespace dfd::monitor {

// Whether MPEG-TS has a place for it, as parsed pictures or as sound (in RTP, too).
bool fits_segment(Track track, const GstCaps* caps);

// "aacparse" and such, of sound that fits.
std::string sound_parser_of(const GstCaps* caps);

class SegmentWriter {
 public:
  // `sound` may be null. Throws std::runtime_error, MissingElement.
  SegmentWriter(const std::string& path, GstCaps* pictures, GstCaps* sound);
  // A file that was not finished stays as it is.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Takes the buffer and comes back at once. Sound without a place is dropped; pictures without a
  // time follow the last one.
  void write(Track track, GstBuffer* buffer);

  // Waits until all is in the file, for no longer than kFinishLimit. Throws std::runtime_error
  // where it is not.
  void finish();

  // A segment is written while it comes; only its end is left.
  static constexpr GstClockTime kFinishLimit = 5 * GST_SECOND;

 private:
  // Takes the buffer.
  GstBuffer* with_time(GstBuffer* buffer);

  Owned<GstElement> pipeline_;
  Owned<GstElement> pictures_;
  Owned<GstElement> sound_;
  GstClockTime last_picture_ = GST_CLOCK_TIME_NONE;
};

}  // namespace dfd::monitor
