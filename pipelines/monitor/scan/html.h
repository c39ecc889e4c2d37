// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Text and numbers for HTML that is XML, too. Thread-safe.

#pragma once

#include <string>

namespace dfd::monitor {

// For contents and for attributes in double quotes. What cannot be seen, such as control
// characters and those that turn the direction of writing, is written as \u{202e}.
std::string escaped(const std::string& text);

// With at most `digits` behind the point, whatever the locale; trailing zeros stay.
std::string fixed(double value, int digits);

// "1:02:03.4"; below an hour "2:03.4".
std::string clock_time(double seconds);

}  // namespace dfd::monitor
