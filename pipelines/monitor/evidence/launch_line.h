// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pipelines that write one file and end.

#pragma once

#include <string>

#include "streams/pipeline.h"

namespace dfd::monitor {

// In GStreamer's notation. Throws std::runtime_error where it cannot be made.
Owned<GstElement> make_line(const std::string& line);

// Waits until all is written, and stops the pipeline. Throws std::runtime_error where it fails, or
// its end does not come within the limit.
void await_end(GstElement* pipeline, GstClockTime limit);

}  // namespace dfd::monitor
