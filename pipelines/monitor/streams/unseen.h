// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures that a source has beside those that are looked at: of another track, or of another
// program of a transport stream. It is told by the pipeline's messages.

#pragma once

#include <gst/gst.h>

namespace dfd::monitor {

// Before `decoder`, a decodebin or uridecodebin, is used: tells of tracks that nobody can decode.
void watch_unseen(GstElement* decoder);

// There is a track that `decoder` gave and nobody takes. Any thread.
void tell_unseen(GstElement* decoder);

// Whether a message tells of such pictures. Of another program it is not known whether it has any.
bool tells_unseen(GstMessage* message);

}  // namespace dfd::monitor
