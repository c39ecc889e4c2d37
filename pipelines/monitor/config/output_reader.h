// SPDX-License-Identifier: LGPL-2.1-or-later
//
// [output]: where events go.

#pragma once

#include "config/config.h"
#include "config/table_reader.h"

namespace dfd::monitor {

// Throws ConfigError.
void read_outputs(TableReader& root, Config& config);

}  // namespace dfd::monitor
