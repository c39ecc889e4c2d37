// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/intervals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

// P(X <= hits) for a binomial X; p in (0, 1).
double binomial_at_most(std::size_t hits, std::size_t trials, double p) {
  const auto n = static_cast<double>(trials);
  double sum = 0;
  for (std::size_t i = 0; i <= hits; ++i) {
    const auto k = static_cast<double>(i);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                    k * std::log(p) + (n - k) * std::log1p(-p));
  }
  return sum;
}

// Where a function that falls over (0, 1) goes through a value.
double crossing(const std::function<double(double)>& falling, double value) {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {  // A double's digits, and a few.
    const double middle = (low + high) / 2;
    (falling(middle) > value ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Sets of what is joined.
class Joined {
 public:
  explicit Joined(std::size_t count) : above_(count) {
    std::iota(above_.begin(), above_.end(), std::size_t{0});
  }

  std::size_t root(std::size_t i) {
    while (above_[i] != i) i = above_[i] = above_[above_[i]];
    return i;
  }

  void join(std::size_t a, std::size_t b) { above_[root(a)] = root(b); }

 private:
  std::vector<std::size_t> above_;
};

// values: sorted, not empty. Between two of them in proportion.
double quantile(const std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

std::optional<Interval> percentile(std::vector<double> values, int draws) {
  if (values.empty() || 2 * values.size() < static_cast<std::size_t>(draws)) return std::nullopt;
  std::sort(values.begin(), values.end());
  constexpr double kTail = (1 - kConfidence) / 2;
  return Interval{quantile(values, kTail), quantile(values, 1 - kTail)};
}

}  // namespace

Interval clopper_pearson(std::size_t hits, std::size_t trials) {
  DFD_CHECK(trials > 0 && hits <= trials);
  constexpr double kTail = (1 - kConfidence) / 2;
  Interval interval{0, 1};
  if (hits > 0) {
    interval.low =
        crossing([&](double p) { return binomial_at_most(hits - 1, trials, p); }, 1 - kTail);
  }
  if (hits < trials) {
    interval.high = crossing([&](double p) { return binomial_at_most(hits, trials, p); }, kTail);
  }
  return interval;
}

std::vector<std::size_t> connected_groups(const std::vector<ClipScore>& clips) {
  Joined joined(clips.size());
  std::map<std::string, std::size_t> first;  // Clip that a person or a recording is known by.
  const auto tie = [&](std::size_t clip, const std::string& name) {
    joined.join(clip, first.emplace(name, clip).first->second);
  };
  for (std::size_t i = 0; i < clips.size(); ++i) {
    for (const std::string& identity : clips[i].identity) tie(i, "identity " + identity);
    tie(i, "file " + clips[i].file);
    if (!clips[i].source.empty()) tie(i, "file " + clips[i].source);
  }
  std::map<std::size_t, std::size_t> numbers;
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    groups.push_back(numbers.emplace(joined.root(i), numbers.size()).first->second);
  }
  return groups;
}

std::vector<std::optional<Interval>> bootstrap(const std::vector<std::size_t>& group_of,
                                               const BootstrapOptions& options,
                                               const ResampleFigures& figures) {
  DFD_REQUIRE(options.draws >= 0, ErrorCode::kInvalidArgument,
              "bootstrap draws: 0 or more expected, got " << options.draws);
  const std::size_t groups =
      group_of.empty() ? 0 : *std::max_element(group_of.begin(), group_of.end()) + 1;
  std::vector<int> counts(group_of.size(), 1);
  const std::size_t width = figures(counts).size();
  if (groups < 2 || options.draws == 0) return std::vector<std::optional<Interval>>(width);
  std::vector<std::vector<double>> values(width);
  std::mt19937_64 random(options.seed);
  std::vector<int> drawn(groups);
  for (int draw = 0; draw < options.draws; ++draw) {
    std::fill(drawn.begin(), drawn.end(), 0);
    // The standard's distributions differ between libraries; the remainder's bias is groups / 2^64.
    for (std::size_t i = 0; i < groups; ++i) ++drawn[random() % groups];
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = drawn[group_of[i]];
    const std::vector<std::optional<double>> found = figures(counts);
    for (std::size_t i = 0; i < width; ++i) {
      if (found[i]) values[i].push_back(*found[i]);
    }
  }
  std::vector<std::optional<Interval>> intervals;
  intervals.reserve(width);
  for (std::vector<double>& of_figure : values) {
    intervals.push_back(percentile(std::move(of_figure), options.draws));
  }
  return intervals;
}

}  // namespace dfd
