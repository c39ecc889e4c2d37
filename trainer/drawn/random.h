// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers by chance.

#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

namespace dfd {

// OpenCV's generator: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  double between(double low, double high) { return rng_.uniform(low, high); }
  double normal(double sigma) { return rng_.gaussian(sigma); }
  cv::Scalar color() { return {between(40, 215), between(40, 215), between(40, 215)}; }
  cv::RNG& rng() { return rng_; }

 private:
  cv::RNG rng_;
};

}  // namespace dfd
