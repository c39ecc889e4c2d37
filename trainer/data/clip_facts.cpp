// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/clip_facts.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/file.h"
#include "base/picture.h"
#include "base/translate.h"
#include "data/clip_files.h"
#include "data/perceptual_hash.h"
#include "data/picture.h"
#include "data/video.h"
#include "face/face_finder.h"

namespace dfd {
namespace {

constexpr std::int64_t kLooks = 8;  // For faces.

bool has_face(FaceDetector& detector, const Frame& frame) {
  const int least = FinderConfig().min_face_size;
  const auto faces = detect_reduced(detector, frame.view, least);
  return std::any_of(faces.begin(), faces.end(), [&](const FaceDetection& face) {
    return std::min(face.box.width, face.box.height) >= static_cast<float>(least);
  });
}

void look_at_middle(const Frame& frame, ClipFacts& facts) {
  facts.size = upright_size(frame.view);
  facts.hash = perceptual_hash(rgb_region(frame.view, {{0, 0}, facts.size}));
}

// Looks at it as at a clip of that many frames; none: of as many as it states. Was its
// middle looked at?
bool look_through(const std::string& path, FaceDetector* detector,
                  std::optional<std::int64_t> known, ClipFacts& facts) {
  if (detector != nullptr) facts.has_face = false;
  std::int64_t believed = 0;
  std::int64_t looks = 0;
  std::int64_t frames = 0;
  VideoReader reader(path);
  for (; const auto frame = reader.next(); ++frames) {
    if (frames == 0) believed = known.value_or(reader.expected_frames());
    const std::int64_t middle = believed / 2;
    if (frames == middle) look_at_middle(*frame, facts);
    const bool wanted = believed > 0 && facts.has_face == false && looks < kLooks;
    if (wanted && frames >= looks * believed / kLooks) {
      ++looks;
      facts.has_face = has_face(*detector, *frame);
    }
    const bool done = facts.has_face.value_or(true) || looks == kLooks;
    if (known && frames >= middle && done) break;
  }
  facts.codec = reader.codec();
  if (!known) facts.frames = frames;
  return known || frames / 2 == believed / 2;
}

// A file that states another length than it has is decoded twice: only then its middle is known.
void look_at_video(const std::string& path, FaceDetector* detector, ClipFacts& facts) {
  const bool complete = look_through(path, detector, std::nullopt, facts);
  DFD_REQUIRE(facts.frames > 0, ErrorCode::kIo, path << ": no frame of video");
  if (!complete) look_through(path, detector, facts.frames, facts);
}

void look_at_picture(const std::string& path, FaceDetector* detector, ClipFacts& facts) {
  const Frame frame = frame_of(read_picture(path));
  facts.codec = container_of(path);
  facts.frames = 1;
  look_at_middle(frame, facts);
  if (detector != nullptr) facts.has_face = has_face(*detector, frame);
}

}  // namespace

ClipFacts look_at(const Clip& clip, FaceDetector* detector) {
  ClipFacts facts;
  try {
    translate_errors([&] {
      facts.digest = sha256_of_file(clip.path);
      if (is_picture(clip.path)) {
        look_at_picture(clip.path, detector, facts);
      } else {
        look_at_video(clip.path, detector, facts);
      }
    });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kOutOfMemory) throw;
    const std::string digest = facts.digest;
    facts = {};
    facts.digest = digest;
    facts.error = error.what();
  }
  return facts;
}

}  // namespace dfd
