// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of files in JSON lines.

#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace dfd {

// Puts a file's name into a line: JSON is UTF-8 and names of files are bytes, so one that is none
// has U+FFFD in place of what is not, and its bytes as KEY_hex beside it.
void set_name(nlohmann::ordered_json& line, const std::string& key, const std::string& name);

// The bytes that KEY_hex stands for; none where it is not two digits a byte.
std::optional<std::string> bytes_of_hexadecimal(const std::string& digits);

}  // namespace dfd
