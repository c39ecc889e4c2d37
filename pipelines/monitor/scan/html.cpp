// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/html.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "base/text.h"

namespace dfd::monitor {
namespace {

// Lines and paragraphs that end are no format characters, and unseen all the same.
bool is_seen(gunichar letter) {
  const GUnicodeType type = g_unichar_type(letter);
  return g_unichar_isprint(letter) != FALSE && type != G_UNICODE_LINE_SEPARATOR &&
         type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

}  // namespace

std::string escaped(const std::string& text) {
  const std::string valid = utf8(text);
  std::string html;
  for (const char* at = valid.c_str(); at < valid.c_str() + valid.size();) {
    const char* next = g_utf8_next_char(at);
    const gunichar letter = g_utf8_get_char(at);
    if (letter == '&') {
      html += "&amp;";
    } else if (letter == '<') {
      html += "&lt;";
    } else if (letter == '>') {
      html += "&gt;";
    } else if (letter == '"') {
      html += "&quot;";
    } else if (letter == '\'') {
      html += "&#39;";
    } else if (is_seen(letter)) {
      html.append(at, next);
    } else {
      std::array<char, 16> code{};
      std::snprintf(code.data(), code.size(), "\\u{%x}", letter);
      html += code.data();
    }
    at = next;
  }
  return html;
}

std::string fixed(double value, int digits) {
  // As long as the longest double.
  std::array<char, 512> text{};
  const std::string format = "%." + std::to_string(digits) + "f";
  return g_ascii_formatd(text.data(), static_cast<int>(text.size()), format.c_str(), value);
}

std::string clock_time(double seconds) {
  // Beyond that no video is, and integers end.
  constexpr double kLongest = 1e12;
  const auto tenths =
      static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, kLongest) * 10));
  const std::int64_t minutes = tenths / 600;
  const std::string rest = fixed(static_cast<double>(tenths % 600) / 10, 1);
  const std::string padded = rest.size() < 4 ? "0" + rest : rest;
  if (minutes < 60) return std::to_string(minutes) + ":" + padded;
  const std::string of_hour = std::to_string(minutes % 60);
  return std::to_string(minutes / 60) + ":" + (of_hour.size() < 2 ? "0" : "") + of_hour + ":" +
         padded;
}

}  // namespace dfd::monitor
