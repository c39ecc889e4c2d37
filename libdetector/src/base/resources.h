// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the process may use of the machine's cores, and memory that it gives back.

#pragma once

#include <string>

namespace dfd {

// Cores the process may keep busy, at least 1: those of its affinity, and no more than the quotas
// of its control groups (v1 and v2) add up to, rounded up. root: the file system's.
int usable_cores(const std::string& root = "/");

// Gives freed memory back to the system, which the C library keeps otherwise: after an engine some
// hundred megabytes (docs/performance.md, "Memory").
void give_memory_back();

}  // namespace dfd
