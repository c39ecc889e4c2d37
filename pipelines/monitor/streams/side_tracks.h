// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tracks without pictures: sound, subtitles, data. Where decodebin has to leave one as it is
// because no decoder takes it, it counts as never ended; once the tracks of a transport stream
// change, decodebin waits for that end, and no picture comes any more. Other demuxers stop where
// nobody takes one that they meet before the pictures. So all leave it as they are coded.
// Used by whatever thread GStreamer calls from.

#pragma once

#include <gst/gst.h>

namespace dfd::monitor {

// To be called before `decoder`, a decodebin or uridecodebin, is used. Each side track gets a pad.
void give_side_tracks(GstElement* decoder);

// By the caps that a pad has now.
bool has_pictures(GstPad* pad);
bool has_sound(GstPad* pad);

// What comes from a pad that is not linked is thrown away, which is no failure.
void discard(GstPad* pad);

}  // namespace dfd::monitor
