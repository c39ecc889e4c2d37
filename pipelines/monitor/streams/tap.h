// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Gives away what a source sends as it is coded, beside the analysis, and what was found in it.

#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>

namespace dfd::monitor {

enum class Track { kPictures, kSound };

// Takes it. Calls come from streaming threads, of both tracks at once and, of a connection that was
// left behind, beside those of its successor; they come back at once and throw nothing.
class Tap {
 public:
  virtual ~Tap() = default;

  // A connection begins; its number goes with all it brings.
  virtual std::uint64_t begin() = 0;

  // One access unit, or one packet of sound as it came. `buffer` is the taker's, its times are
  // running times of the pipeline plus kTimeBase; `caps` are only lent.
  virtual void take(std::uint64_t connection, Track track, GstCaps* caps, GstBuffer* buffer) = 0;

  // A picture that leaves deepfakedetect with what is known by then, and its running time of the
  // pipeline. All is only lent.
  virtual void take_judged(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer,
                           GstClockTime running_time) {
    (void)connection, (void)caps, (void)buffer, (void)running_time;
  }

  // Pictures that are shown later than others are decoded before time begins.
  static constexpr GstClockTime kTimeBase = GST_SECOND;
};

// One connection's. Shared by all pads that it looks at.
class TapFeed;

// Looks at what goes into the decoders that `source`, a uridecodebin that was never used, makes.
std::shared_ptr<TapFeed> tap_pictures(GstElement* source, std::shared_ptr<Tap> tap);

// Looks at what leaves a source pad.
void tap_sound(GstPad* pad, const std::shared_ptr<TapFeed>& feed);

// Looks at what leaves deepfakedetect by this pad.
void tap_judged(GstPad* pad, const std::shared_ptr<TapFeed>& feed);

// The pipeline's running time goes on by so much where that of the source begins anew, from the
// next segment of each pad on.
void shift_tap(TapFeed& feed, GstClockTime shift);

}  // namespace dfd::monitor
