// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The best picture of each face of one file, while it plays.

#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scan/file_verdict.h"

namespace dfd::monitor {

// One person's face, as long as its track is that person's.
struct FaceCrop {
  std::uint64_t track_id = 0;
  // Stream time of the picture.
  std::uint64_t time_ns = 0;
  std::shared_ptr<GstSample> picture;
  // Where it looks forged; null where nobody said.
  std::shared_ptr<GstSample> explained;
};

// Used by one thread, beside the streaming thread that brings pictures.
class FaceCrops {
 public:
  // `detect`, an element deepfakedetect in mode complete that was never used, is looked at for as
  // long as it lives.
  explicit FaceCrops(GstElement* detect);

  // What there is so far, which is then not kept here any more.
  std::vector<FaceCrop> take();

  // Where a folder of pictures is looked at, they are small.
  static constexpr int kMostSize = 192;
  // 15 MB; of more the least likely go.
  static constexpr std::size_t kMost = 256;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// The crop of a face that was told of; null where there is none.
const FaceCrop* crop_of(const FileTrack& track, const std::vector<FaceCrop>& crops);

}  // namespace dfd::monitor
