// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Foreign checkpoints become our files.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "detector/config.h"

namespace dfd {

enum class ImportKind { kSeed, kFacenet, kInceptionResnetV2, kVideoResnet, kVivit, kMtcnn };

struct ImportOptions {
  ImportKind kind = ImportKind::kSeed;
  std::vector<std::string> inputs;  // One file; for kMtcnn P-, R- and O-Net.
  std::string output;
  std::optional<int> size;  // Of a backbone's input, pixels; none: its kind's own.

  // Of networks over clips.
  std::optional<int> frames;  // Of a clip, 1 to 256; none: as it was trained.
  int fake_index = 1;         // Which of two classes is the fake, 0 or 1.
  Rate rate{8, 1};            // Samples a second.
  std::string config;         // ViViT's config.json; empty: as the released one.
};

// Reads, checks names and shapes, writes. Returns what there is to say: tensors left out. Throws
// Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel.
std::vector<std::string> import_checkpoint(const ImportOptions& options);

}  // namespace dfd
