// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <string>
#include <vector>

#include "store/evidence_files.h"

namespace dfd::monitor {

struct ClipRequest;

// Writes the clip, its pictures and clip.json (mode 0640) into the folder `below` in `state`.
// Names that end in ".part" are of files that are not whole. Takes as long as the disk does. Throws
// std::runtime_error and its kin.
std::vector<EvidenceFile> write_clip_files(const std::string& state, const std::string& below,
                                           const ClipRequest& request);

}  // namespace dfd::monitor
