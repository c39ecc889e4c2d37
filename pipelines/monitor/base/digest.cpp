// SPDX-License-Identifier: LGPL-2.1-or-later

#include "digest.h"

#include <glib.h>

namespace dfd::monitor {

std::string sha256_of(const std::string& bytes) {
  char* digits = g_compute_checksum_for_data(
      G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(bytes.data()), bytes.size());
  std::string result = digits;
  g_free(digits);
  return result;
}

}  // namespace dfd::monitor
