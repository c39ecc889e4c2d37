// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/path_field.h"

#include <glib.h>

#include "base/text.h"

namespace dfd::monitor {
namespace {

std::string hex_of(const std::string& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += kDigits[value / 16];
    hex += kDigits[value % 16];
  }
  return hex;
}

std::optional<std::string> bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = g_ascii_xdigit_value(hex[i]);
    const int low = g_ascii_xdigit_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string text_at(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

void set_path(Json& object, const std::string& path) {
  object["path"] = utf8(path);
  if (g_utf8_validate_len(path.data(), path.size(), nullptr) == FALSE) {
    object["path_hex"] = hex_of(path);
  }
}

std::optional<std::string> path_in(const Json& object) {
  if (object.contains("path_hex")) return bytes_of(text_at(object, "path_hex"));
  return text_at(object, "path");
}

}  // namespace dfd::monitor
