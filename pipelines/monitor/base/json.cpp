// SPDX-License-Identifier: LGPL-2.1-or-later

#include "json.h"

#include <cmath>

namespace dfd::monitor {

double in_thousandths(double value) { return std::round(value * 1000) / 1000; }

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dfd::monitor
