// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of events and alarms: ULIDs, 26 letters that sort by time.

#pragma once

#include <string>

#include "base/clock.h"

namespace dfd::monitor {

// Never the same twice: 80 of its bits are by chance. Any thread.
std::string make_id(WallTime time);

}  // namespace dfd::monitor
