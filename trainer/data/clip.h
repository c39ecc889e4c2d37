// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip of a data set: a line of a manifest.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace dfd {

enum class SplitSide { kTrain, kValidation, kTest };

const char* to_string(
    SplitSide side) noexcept;  // As manifests have it: "train", "validation", "test".

struct Clip {
  std::string file;  // As the manifest names it: below its folder, or absolute. Bytes.
  std::string path;  // Where to open it.
  bool fake = false;
  std::vector<std::string> identity;  // Who is seen; a swap has two. Empty: nobody knows.
  std::string source;       // The file of the real clip it was made from; empty: none, or unknown.
  std::string generator;    // What forged it; empty: unknown, or real.
  std::string group;        // Where in its data set it comes from; empty: unknown.
  std::string compression;  // As the data set calls it; empty: unknown.
  // What a fake is known to show, by the names of kEvidence (detector/report.h), each once; empty:
  // unknown, or real.
  std::vector<std::string> evidence;
  std::optional<SplitSide> split;
  std::string digest;  // SHA-256 of the file; empty before add_digests(), or unreadable.
};

// The recording that a clip shows: its source, else itself.
const std::string& recording_of(const Clip& clip);

// Who is seen in a clip; where nobody knows, a person of its recording's name. At least one.
std::vector<std::string> people_of(const Clip& clip);

// What forged it, "fake" where nobody says, and "real" for a real clip.
std::string kind_of(const Clip& clip);

// Reads every file once. Copies of one file come out with the same identity and source, so that no
// split made thereafter has them on two sides. Throws Error(kInvalidArgument) when one is real and
// one is fake.
void add_digests(std::vector<Clip>& clips);

// Enough of a clip's digest for a model to know it again: when a million clips are held against a
// million, one is taken for another once in 280 times.
std::string short_digest(const Clip& clip);

std::size_t count_fakes(const std::vector<Clip>& clips);

}  // namespace dfd
