// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scan/face_crops.h"

namespace dfd::monitor {

// Names within the folder of pictures; empty where there is none.
struct FaceNames {
  std::string picture;
  std::string heatmap;
};

// Whether a file of pictures may be called so: what stands in a result comes from anywhere.
bool is_picture_name(const std::string& name);

// Writes the crops as JPEGs, on a thread of its own: disks may hang. Used by the main loop's
// thread, which is woken up when that is done.
class FaceFiles {
 public:
  // The folder is there. `file` tells one file's result from all others'. The pictures of a face
  // may be null.
  FaceFiles(std::string folder, const std::string& file, std::vector<FaceCrop> crops);

  // What was written, in the order of the crops; nothing until it is done. Writing that never ends
  // is left to itself.
  std::optional<std::vector<FaceNames>> names() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace dfd::monitor
