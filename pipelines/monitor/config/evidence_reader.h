// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include "config/config.h"
#include "config/table_reader.h"

namespace dfd::monitor {

// The table's `.evidence`; `evidence` stays as it is where there is none. Throws ConfigError.
void read_evidence(TableReader& table, EvidenceConfig& evidence);

// [evidence] of the whole file. Throws ConfigError.
void read_evidence_limits(TableReader& root, EvidenceLimits& limits);

}  // namespace dfd::monitor
