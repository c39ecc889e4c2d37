// SPDX-License-Identifier: LGPL-2.1-or-later

#include "text.h"

#include <glib.h>

namespace dfd::monitor {

std::string utf8(const std::string& text) {
  char* made = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  std::string result = made;
  g_free(made);
  return result;
}

std::string printable(std::string text) {
  constexpr unsigned char kDelete = 0x7f;
  for (char& letter : text) {
    const auto value = static_cast<unsigned char>(letter);
    if (value < ' ' || value == kDelete) letter = '?';
  }
  return text;
}

}  // namespace dfd::monitor
