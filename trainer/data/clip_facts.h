// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is in a clip's file.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <opencv2/core.hpp>

#include "data/clip.h"
#include "face/face_detector.h"

namespace dfd {

struct ClipFacts {
  std::string error;  // Why it cannot be read; then there is nothing else but maybe the digest.
  std::string digest;
  std::int64_t frames = 0;
  std::string codec;                  // As VideoReader::codec(); of a picture its file's ending.
  cv::Size size;                      // Upright, pixels.
  std::optional<std::uint64_t> hash;  // Of the middle frame; none where that is flat.
  std::optional<bool> has_face;       // None where nobody looked.
};

// Decodes the clip. detector: may be null; else up to 8 frames at equal intervals are looked at.
// Whatever is wrong with the clip is in the facts; throws Error(kOutOfMemory) alone.
ClipFacts look_at(const Clip& clip, FaceDetector* detector);

}  // namespace dfd
