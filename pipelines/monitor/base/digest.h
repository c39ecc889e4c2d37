// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <string>

namespace dfd::monitor {

// SHA-256 as 64 digits. Thread-safe.
std::string sha256_of(const std::string& bytes);

}  // namespace dfd::monitor
