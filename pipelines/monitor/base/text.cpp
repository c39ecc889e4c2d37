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

}  // namespace dfd::monitor
