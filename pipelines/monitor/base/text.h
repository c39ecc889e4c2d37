// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <string>

namespace dfd::monitor {

// Names of files and groups may be in any coding; JSON has one. What is no UTF-8 becomes U+FFFD.
// Thread-safe.
std::string utf8(const std::string& text);

// With question marks for what terminals obey, which names of files may hold. Thread-safe.
std::string printable(std::string text);

}  // namespace dfd::monitor
