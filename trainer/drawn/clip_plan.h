// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which clips a drawn data set consists of, and what is done in each.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dfd {

struct SynthesisOptions {
  std::string output;
  int clips = 40;  // Nearly half of them forged, >= 8.
  std::uint64_t seed = 1;
  double seconds = 4;  // Of each clip, (0, 60].
};

// Kinds of forgery. The last one is never in training.
enum class Forgery { kNone, kBlend, kFlicker, kWarp, kRescale };
const char* to_string(Forgery forgery);

struct ClipPlan {
  std::string file;         // Below the output folder.
  std::uint64_t seed = 0;   // Of the forger.
  std::uint64_t scene = 0;  // Of everything else: a forgery has its source's.
  int person = 0;           // Of the body and background.
  int other_person = 0;     // Whose face is put in, for kBlend and kFlicker.
  Forgery forgery = Forgery::kNone;
  bool pasted_back = false;
  bool test = false;
};

// Which clips a data set consists of. Throws Error(kInvalidArgument).
std::vector<ClipPlan> plan_clips(const SynthesisOptions& options);

}  // namespace dfd
