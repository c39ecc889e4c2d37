// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who belongs to whom: the Hungarian method (Kuhn 1955; shortest augmenting paths with potentials,
// Jonker and Volgenant 1987).

#pragma once

#include <vector>

namespace dfd {

constexpr int kUnassigned = -1;

// gain[row][column], all rows of equal length: at most one column for each row and the other way
// round, so that the sum of the gains is the largest. Pairs of gain 0 or less are left apart.
// Returns a column or kUnassigned for each row. Cubic in the longer side.
std::vector<int> assign(const std::vector<std::vector<float>>& gain);

}  // namespace dfd
