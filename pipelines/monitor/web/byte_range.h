// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <cstdint>
#include <string>

namespace dfd::monitor {

// What is asked for of a file, RFC 9110.
struct ByteRange {
  enum class Kind {
    kWhole,  // No range, or one that is none, or several: these are not served.
    kPart,
    kOutside,  // Nothing of the file.
  };
  Kind kind = Kind::kWhole;
  // Of kPart, and of kWhole.
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

// `header` is the value of Range, empty where there is none; `size` the file's.
ByteRange parse_range(const std::string& header, std::int64_t size);

}  // namespace dfd::monitor
