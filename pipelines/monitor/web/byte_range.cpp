// SPDX-License-Identifier: LGPL-2.1-or-later

#include "byte_range.h"

#include <algorithm>
#include <optional>

namespace dfd::monitor {
namespace {

// Nothing where it is no number that any file is long.
std::optional<std::int64_t> number_of(const std::string& text) {
  constexpr std::size_t kMostDigits = 18;
  if (text.empty() || text.size() > kMostDigits ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoll(text);
}

}  // namespace

ByteRange parse_range(const std::string& header, std::int64_t size) {
  const std::string unit = "bytes=";
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  if (header.compare(0, unit.size(), unit) != 0) return whole;
  const std::string range = header.substr(unit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string::npos) return whole;
  const auto first = number_of(range.substr(0, dash));
  const auto last = number_of(range.substr(dash + 1));
  if (dash == 0) {
    // The last so many.
    if (!last) return whole;
    const std::int64_t length = std::min(*last, size);
    if (length == 0) return {ByteRange::Kind::kOutside, 0, 0};
    return {ByteRange::Kind::kPart, size - length, length};
  }
  const bool is_open = dash + 1 == range.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return whole;
  if (*first >= size) return {ByteRange::Kind::kOutside, 0, 0};
  const std::int64_t end = is_open ? size : std::min(*last + 1, size);
  return {ByteRange::Kind::kPart, *first, end - *first};
}

}  // namespace dfd::monitor
