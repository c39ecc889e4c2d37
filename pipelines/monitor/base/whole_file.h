// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <string>

namespace dfd::monitor {

// Mode 0750; one that is there stays as it is. Throws std::runtime_error. Thread-safe.
void make_folder(const std::string& path);

// In place of what was there, mode 0640: readers find the old file or the new one, never a part.
// Throws std::runtime_error. One thread a path.
void write_whole(const std::string& path, const std::string& text);

}  // namespace dfd::monitor
