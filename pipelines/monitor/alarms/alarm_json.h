// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said of an alarm, alike in its events and by the API: docs/monitor.md has the fields.

#pragma once

#include "alarms/alarm.h"
#include "base/json.h"

namespace dfd::monitor {

// Adds the fields from "started_at" to "data_lost"; which alarm it is, and its state, are there
// already.
void set_record(Json& object, const AlarmRecord& record);

}  // namespace dfd::monitor
