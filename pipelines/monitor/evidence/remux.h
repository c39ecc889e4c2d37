// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "findings/verdict_log.h"

namespace dfd::monitor {

// What a clip is made of.
struct Packing {
  // "video/x-h264" or "video/x-h265".
  std::string codec;
  // The element that parses its sound, or empty: then there is none.
  std::string sound_parser;
  // Of its pictures, in SEI messages: see verdicts_of().
  std::vector<Said> said;
};

// What is missing for verdicts within clips, for people; empty where nothing is.
std::string missing_for_verdicts();

// Packs a file of MPEG-TS into MP4 without coding anything anew. Returns how many of its pictures
// have a verdict with them. Throws std::runtime_error; what is at `to` is worth nothing then. Takes
// up to a minute.
std::uint64_t remux_to_mp4(const std::string& from, const std::string& to, const Packing& packing);

}  // namespace dfd::monitor
