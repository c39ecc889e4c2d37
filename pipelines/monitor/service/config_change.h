// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What differs between two configurations, and what that asks for.

#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace dfd::monitor {

// Of the same stream: its connection cannot go on with the new one.
bool needs_new_connection(const StreamConfig& before, const StreamConfig& after);

// Properties of deepfakedetect that have another value, or one at all.
std::vector<DetectProperty> changed_properties(const StreamConfig& before,
                                               const StreamConfig& after);

// Keys of [monitor] that differ: they are read at the start alone.
std::vector<std::string> changed_at_start(const Config& before, const Config& after);

}  // namespace dfd::monitor
