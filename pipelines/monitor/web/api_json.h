// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the API says of streams and alarms. docs/monitor-api.md has the fields; those that are not
// known are left out.

#pragma once

#include <vector>

#include "store/board.h"
#include "store/reader.h"
#include "web/http.h"

namespace dfd::monitor {

Json stream_json(const StreamStatus& status);
// Newest first.
Json days_json(const JudgedDays& days);
Json history_json(const ProbabilityHistory& history);
Json alarm_json(const KeptAlarm& kept);
Json transitions_json(const std::vector<KeptTransition>& transitions);

}  // namespace dfd::monitor
