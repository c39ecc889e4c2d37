// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include "config/config.h"
#include "config/table_reader.h"

namespace dfd::monitor {

// `listen` and what belongs to it in [monitor], and all [[token]] of the file. `monitor` is null
// where there is no such table. Token files are read here. Throws ConfigError.
void read_web(TableReader& root, TableReader* monitor, WebConfig& web);

// Others than this machine's own programs reach the server: without a token they could read all.
bool needs_token(const WebConfig& web);

}  // namespace dfd::monitor
