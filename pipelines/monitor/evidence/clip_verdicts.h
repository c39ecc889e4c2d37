// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#include <vector>

#include "evidence/ring.h"
#include "findings/verdict_log.h"

namespace dfd::monitor {

// What was said of the pictures in `segments`, which follow each other; times are those from the
// clip's first keyframe on. Nothing where the source has no times, or they jump.
std::vector<Said> verdicts_of(const std::vector<Segment>& segments, const VerdictLog& log);

// Gives them to `join`, a deepfakejoin whose programme is such a clip, while it passes. `results`
// is an appsrc that is linked to its pad `results`; neither plays yet.
void feed_verdicts(GstElement* join, GstElement* results, std::vector<Said> said);

}  // namespace dfd::monitor
