// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Texts from outside, as file names, for places that take UTF-8 alone.

#pragma once

#include <string>

namespace dfd {

// The text with U+FFFD in the place of bytes that are no UTF-8.
std::string utf8(const std::string& text);

// Two lower-case hexadecimal digits a byte.
std::string hexadecimal(const std::string& bytes);

}  // namespace dfd
