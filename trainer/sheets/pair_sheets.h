// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a training from pictures sees: pairs of real and fake crops, changed by chance, as sheets.

#pragma once

#include <string>
#include <vector>

#include "data/progress.h"
#include "samples/crops.h"
#include "samples/fake_parts.h"

namespace dfd {

struct PairSheetOptions {
  std::string data;    // Manifest or folder: its training side, or all where there is none.
  std::string output;  // Folder.
  std::string cache;   // Of crops; empty: the user's.
  std::string backbone = "new:artifact_cnn";  // Whose crops.
  SamplingOptions sampling;
  FakeParts fakes{1, 0};
  std::int64_t autoencoder_steps = kAutoencoderSteps;
  int pairs = 64;  // A sheet.
  std::uint64_t seed = 1;
};

// Writes pairs-easy.png, pairs-middle.png and pairs-hard.png: how a training begins, what it comes
// to, and where it stays. Real crops stand above the fakes made of them. Returns the files' paths.
// Throws Error as a training does.
std::vector<std::string> write_pair_sheets(const PairSheetOptions& options,
                                           const EmbedProgress& progress);

}  // namespace dfd
