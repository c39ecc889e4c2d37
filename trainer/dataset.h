// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Data sets in Celeb-DF's layout, and their split into training, validation and test.

#pragma once

#include <cstdint>
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
};

// Celeb-real, Celeb-synthesis and YouTube-real below folder, by name. Throws Error: kNotFound (no
// such folder, or no clip of one class), kInvalidArgument (a name in the test list that is not
// there, or whose label contradicts its folder).
std::vector<Clip> read_dataset(const std::string& folder);

struct Split {
  std::vector<Clip> train, validation, test;
  std::size_t dropped = 0;  // Clips that would have stood on two sides.
  std::string name;         // As the model records it.
};

// By people: the test list first; of the rest, a fifth of the people validates. A clip with people,
// or from a source, of two sides is dropped. Throws Error(kInvalidArgument) when a side would lack
// one of the classes.
Split split_by_people(const std::vector<Clip>& clips, std::uint64_t seed);

// The seed recipe's way: 80/20 over clips, whoever is in them. Scores made with it are too good.
Split split_at_random(const std::vector<Clip>& clips, std::uint64_t seed);

}  // namespace dfd
