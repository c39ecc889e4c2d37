// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Data sets in Celeb-DF's layout.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dfd {

struct Clip {
  std::string file;  // Below the data set's folder.
  std::string path;
  bool fake = false;
  std::vector<std::string> people;  // Who is seen in it; a swap has two.
  std::string source;               // The real recording it was made from; its own for a real clip.
  std::string kind;                 // Of forgery, where truth.jsonl tells; else "fake" or "real".
  bool listed_as_test = false;
  std::string digest;  // SHA-256 of the file; empty before add_digests(), or unreadable.
};

struct Dataset {
  std::vector<Clip> clips;  // By folder and name.
  std::size_t others = 0;   // What else lies in the folders of the classes.
};

// Celeb-real, Celeb-synthesis and YouTube-real below folder: files that end in .mp4, .mov, .avi,
// .mkv or .webm, in any case. Lists may name them with another of these endings. Throws Error:
// kNotFound (no such folder, or no clip at all), kInvalidArgument (a name in the test list that is
// not there, or whose label contradicts its folder).
Dataset read_dataset(const std::string& folder);

// Reads every file once. Copies of one file come out with the same people and source, so that no
// split has them on two sides. Throws Error(kInvalidArgument) when one is real and one is fake.
void add_digests(std::vector<Clip>& clips);

// Enough of a clip's digest for a model to know it again: when a million clips are held against a
// million, one is taken for another once in 280 times.
std::string short_digest(const Clip& clip);

std::size_t count_fakes(const std::vector<Clip>& clips);

// For people: what was left out, or nothing.
std::string remark_on(const Dataset& dataset);

}  // namespace dfd
