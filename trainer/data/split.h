// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which clips train, validate and test: the column "split" of a manifest.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace dfd {

struct SplitRule {
  // "official": as it is; "people"; "generator:NAME"; "random". Empty: official where there are
  // clips to train and to validate already, else people.
  std::string by;
  std::uint64_t seed = 1;
  // Parts of the clips, [0, 1), of those that are not test already; together below 1. 0: none.
  double validation = 0.2;
  double test = 0.2;
};

// Sets the column and its name. The same clips and seed give the same split on every machine, in
// whatever order they are listed. Returns how many clips stand on no side, because they would stand
// on two.
//
// people: nobody and no recording stands on two sides. Where swaps connect all people, some are
// held out and clips that show one of them and one of the others are dropped. Lines that are test
// stay it; clips made from their recordings are dropped, but people may be the same (Celeb-DF's own
// list shares them with the rest), which the name then says. generator:NAME: all fakes of that
// generator are test, with real clips of people who are in no other clip of the other sides. What
// was test before is forgotten, as with random. random: whoever is in them; scores made with it are
// too good, and the name says so.
//
// Throws Error(kInvalidArgument) for a rule that cannot be, and when a side would lack one of the
// classes that there are.
std::size_t split_clips(Manifest& manifest, const SplitRule& rule);

struct Sides {
  std::vector<Clip> train, validation, test;
  std::size_t unassigned = 0;
};

// In the manifest's order.
Sides sides_of(const Manifest& manifest);

}  // namespace dfd
