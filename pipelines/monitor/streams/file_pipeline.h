// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pipeline that judges a file of video, as fast as it can be read.

#pragma once

#include <string>
#include <string_view>

#include "streams/pipeline.h"

namespace dfd::monitor {

// Whether bytes from a file's beginning are those of a video that one of the allowed demuxers
// takes: by content, whatever its name. Any thread.
bool looks_like_video(std::string_view beginning);

// So many bytes looks_like_video() wants to see, where there are that many: some packets of a
// transport stream, and whatever tags stand before the first picture of a bare one.
constexpr std::size_t kVideoBeginning = 64 * 1024;

// `path` is in the file system's own coding. Sound is not decoded. Throws MissingElement.
Pipeline make_file_pipeline(const std::string& path, Owned<GstElement> detect);

// What the demuxers of a file's pipeline have come to.
struct Demuxed {
  bool streams = false;   // Of whatever kind.
  bool pictures = false;  // Of them some.
  // One stopped reading before it had found any. It has said why, but decodebin keeps to itself
  // what a demuxer says in the moment in which it is plugged.
  bool gave_up = false;
};
Demuxed demuxed_of(GstElement* pipeline);

}  // namespace dfd::monitor
