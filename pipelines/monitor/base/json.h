// SPDX-License-Identifier: LGPL-2.1-or-later
//
// JSON as all of it is written: fields keep their order, and what is not known is left out.
// Thread-safe.

#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace dfd::monitor {

using Json = nlohmann::ordered_json;

// Where there is a value.
template <typename T>
void set_known(Json& object, const char* field, const std::optional<T>& value) {
  if (value) object[field] = *value;
}
inline void set_known(Json& object, const char* field, const std::optional<WallTime>& value) {
  if (value) object[field] = utc_text(*value);
}

// Of seconds and probabilities: digits beyond these mean nothing.
double in_thousandths(double value);

// On one line. What is no UTF-8 in it becomes U+FFFD.
std::string text_of(const Json& json);

}  // namespace dfd::monitor
