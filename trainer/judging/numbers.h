// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers for people.

#pragma once

#include <charconv>
#include <string>

namespace dfd {

// With so many digits behind the point, which is a point in every locale: the standard library's
// printf takes the user's, and neither SVG nor a table of columns does.
inline std::string fixed(double value, int digits) {
  char text[400];  // The largest double has 309 digits before the point.
  const auto result =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed, digits);
  return {text, result.ptr};
}

}  // namespace dfd
