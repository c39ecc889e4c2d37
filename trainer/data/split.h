// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The clips of a data set, split into training, validation and test.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace dfd {

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
