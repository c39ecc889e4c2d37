// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <vector>

#include "config/config.h"
#include "config/table_reader.h"

namespace dfd::monitor {

// The table's `schedule`; `schedule` stays as it is where there is none. Throws ConfigError.
void read_schedule(TableReader& table, std::vector<OffAir>& schedule);

}  // namespace dfd::monitor
