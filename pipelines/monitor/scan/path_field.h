// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Paths in JSON, whose texts are UTF-8 while names of files may be anything. Thread-safe.

#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace dfd::monitor {

// "path", and where that cannot hold all of it "path_hex", too.
void set_path(Json& object, const std::string& path);

// As set_path() wrote it; empty where there is none; nothing where it is damaged.
std::optional<std::string> path_in(const Json& object);

}  // namespace dfd::monitor
