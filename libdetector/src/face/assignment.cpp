// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/assignment.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace dfd {

std::vector<int> assign(const std::vector<std::vector<float>>& gain) {
  const std::size_t rows = gain.size();
  const std::size_t columns = rows == 0 ? 0 : gain.front().size();
  // Made square: whoever is left over gets a partner of no cost.
  const std::size_t size = std::max(rows, columns);
  const auto cost = [&](std::size_t row, std::size_t column) {
    return row < rows && column < columns ? -std::max(0.0, double{gain[row][column]}) : 0.0;
  };
  constexpr double kFar = std::numeric_limits<double>::infinity();
  const std::size_t none = size;  // A column beside the others, where each search starts.
  std::vector<double> row_potential(size, 0), column_potential(size + 1, 0);
  std::vector<std::size_t> row_of(size + 1, none);
  for (std::size_t start = 0; start < size; ++start) {
    row_of[none] = start;
    std::size_t column = none;
    std::vector<double> distance(size + 1, kFar);
    std::vector<std::size_t> before(size + 1, none);
    std::vector<bool> visited(size + 1, false);
    do {  // Until the path reaches a free column.
      visited[column] = true;
      const std::size_t row = row_of[column];
      std::size_t next = none;
      double shortest = kFar;
      for (std::size_t j = 0; j < size; ++j) {
        if (visited[j]) continue;
        const double reduced = cost(row, j) - row_potential[row] - column_potential[j];
        if (reduced < distance[j]) {
          distance[j] = reduced;
          before[j] = column;
        }
        if (distance[j] < shortest) {
          shortest = distance[j];
          next = j;
        }
      }
      for (std::size_t j = 0; j <= size; ++j) {
        if (visited[j]) {
          row_potential[row_of[j]] += shortest;
          column_potential[j] -= shortest;
        } else {
          distance[j] -= shortest;
        }
      }
      column = next;
    } while (row_of[column] != none);
    for (; column != none; column = before[column]) row_of[column] = row_of[before[column]];
  }
  std::vector<int> result(rows, kUnassigned);
  for (std::size_t j = 0; j < columns; ++j) {
    const std::size_t row = row_of[j];
    if (row < rows && gain[row][j] > 0) result[row] = static_cast<int>(j);
  }
  return result;
}

}  // namespace dfd
