// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A network's tensors against a reference file's numbers.

#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dfd::test {

// The shape, the mean, the deviation and the first and last elements are as expected, each within
// tolerance of the deviation, or of itself where that is larger.
inline void expect_stage(const std::string& stage, const at::Tensor& out,
                         const nlohmann::json& expected, double tolerance) {
  ASSERT_EQ(out.sizes().vec(), expected["shape"].get<std::vector<std::int64_t>>()) << stage;
  const at::Tensor values = out.to(at::kDouble).contiguous();
  const double deviation = expected["std"].get<double>();
  EXPECT_NEAR(values.mean().item<double>(), expected["mean"].get<double>(), tolerance * deviation)
      << stage;
  EXPECT_NEAR(values.std(/*unbiased=*/false).item<double>(), deviation, tolerance * deviation)
      << stage;
  const at::Tensor flat = values.flatten();
  const auto compare = [&](const char* part, std::int64_t first) {
    const auto numbers = expected[part].get<std::vector<double>>();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_NEAR(flat[first + static_cast<std::int64_t>(i)].item<double>(), numbers[i],
                  tolerance * std::max(deviation, std::abs(numbers[i])))
          << stage << ' ' << part << ' ' << i;
    }
  };
  compare("first", 0);
  compare("last", flat.size(0) - static_cast<std::int64_t>(expected["last"].size()));
}

inline std::set<std::string> names_of(const nlohmann::json& stages) {
  std::set<std::string> names;
  for (const auto& [name, about] : stages.items()) names.insert(name);
  return names;
}

// A list of lists of numbers.
inline at::Tensor rows_of(const nlohmann::json& json) {
  std::vector<at::Tensor> rows;
  for (const auto& row : json) {
    rows.push_back(at::tensor(row.get<std::vector<double>>(), at::kDouble));
  }
  return at::stack(rows);
}

inline double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

// Of the largest that is expected.
inline double relative_difference(const at::Tensor& found, const at::Tensor& expected) {
  return largest(found.to(at::kDouble) - expected) / largest(expected);
}

}  // namespace dfd::test
