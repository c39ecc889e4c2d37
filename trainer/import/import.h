// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Foreign checkpoints become our files.

#pragma once

#include <optional>
#include <string>
#include <vector>

namespace dfd {

enum class ImportKind { kSeed, kFacenet, kInceptionResnetV2, kMtcnn };

struct ImportOptions {
  ImportKind kind = ImportKind::kSeed;
  std::vector<std::string> inputs;  // One file; for kMtcnn P-, R- and O-Net.
  std::string output;
  std::optional<int> size;  // Of a backbone's input, pixels; none: its kind's own.
};

// Reads, checks names and shapes, writes. Returns what there is to say: tensors left out. Throws
// Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel.
std::vector<std::string> import_checkpoint(const ImportOptions& options);

}  // namespace dfd
