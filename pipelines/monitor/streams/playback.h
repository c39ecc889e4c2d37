// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pace of sources that come as fast as they are read: files, and the pieces of HLS.

#pragma once

#include <gst/gst.h>

#include <functional>

namespace dfd::monitor {

// Lets pictures through `pad`, a sink pad, no faster than their times say. The streaming thread
// waits, up to a second each: what is late is not caught up with, and longer gaps are left out.
void pace(GstPad* pad);

// What times go on by from a seam on, before anything of the next round comes; on a streaming
// thread.
using OnSeam = std::function<void(GstClockTime shift)>;

// Plays a file without end. `source` is a bin of one file, `pad` one of its source pads; behind it
// nothing tells of the seam: times go on, and neither the end nor flushes come through. Where the
// file cannot be played from its beginning again, the bin posts an error. `end` is where pictures
// arrive: a pad that pace() was called for. `on_seam` may be null.
void loop(GstElement* source, GstPad* pad, GstPad* end, OnSeam on_seam);

}  // namespace dfd::monitor
