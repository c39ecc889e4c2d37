// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Draws clips for a side so that nobody, and no recording, is also among the clips that are left.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/clip.h"

namespace dfd {

// The same order for a seed on every machine: std::shuffle differs between standard libraries.
void shuffle(std::vector<std::size_t>& numbers, std::uint64_t seed);

// Clips that people or recordings connect, directly or by others: of each the group's number, from
// 0 in the order of the clips.
std::vector<std::size_t> connected_groups(const std::vector<const Clip*>& clips);

struct Drawn {
  std::vector<Clip*> side;
  std::vector<Clip*> rest;
  std::vector<Clip*> dropped;  // Show people of both.
};

// About that part of each class, (0, 1). Whole groups where they are small enough to fill the side;
// else people are held out, two of a swap at a time, and what connects them with the rest is
// dropped. clips: in an order that does not depend on the manifest's.
Drawn draw_people(const std::vector<Clip*>& clips, double part, std::uint64_t seed);

}  // namespace dfd
