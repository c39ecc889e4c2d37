// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/json_name.h"

#include <charconv>

#include "base/text.h"

namespace dfd {

void set_name(nlohmann::ordered_json& line, const std::string& key, const std::string& name) {
  line[key] = utf8(name);
  if (line[key] != name) line[key + "_hex"] = hexadecimal(name);
}

std::optional<std::string> bytes_of_hexadecimal(const std::string& digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned int value = 0;
    const char* end = digits.data() + i + 2;
    const auto parsed = std::from_chars(digits.data() + i, end, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace dfd
