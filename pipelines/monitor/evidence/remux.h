// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <string>

namespace dfd::monitor {

// Packs a file of MPEG-TS into MP4 without coding anything anew. `codec` is "video/x-h264" or
// "video/x-h265", `sound_parser` the element that parses its sound, or empty: then there is none.
// Throws std::runtime_error; what is at `to` is worth nothing then. Takes up to a minute.
void remux_to_mp4(const std::string& from, const std::string& to, const std::string& codec,
                  const std::string& sound_parser);

}  // namespace dfd::monitor
