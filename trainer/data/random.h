// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers by chance.

#pragma once

#include <cstdint>
#include <string_view>

#include <opencv2/core.hpp>

namespace dfd {

// A 64-bit number turned into another one, one to one, so that neighbours have nothing in common
// (Steele, Lea and Flood 2014, "splitmix64").
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

// The seed of one draw: a function of these alone, in whatever order or thread draws are made.
// purpose, such as "augment", keeps draws apart that are made for the same step and index.
constexpr std::uint64_t mixed_seed(std::uint64_t seed, std::uint64_t step, std::uint64_t index,
                                   std::string_view purpose) {
  std::uint64_t name = 0xCBF29CE484222325ULL;  // FNV-1a, 64 bits.
  for (const char letter : purpose) {
    name = (name ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
  }
  return mixed(mixed(mixed(mixed(seed) ^ step) ^ index) ^ name);
}

// OpenCV's generator: the same numbers on every machine. Each thread needs its own.
class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  Random(std::uint64_t seed, std::uint64_t step, std::uint64_t index, std::string_view purpose)
      : Random(mixed_seed(seed, step, index, purpose)) {}

  double between(double low, double high) { return rng_.uniform(low, high); }
  double normal(double sigma) { return rng_.gaussian(sigma); }
  bool chance(double probability) { return between(0, 1) < probability; }
  int whole(int low, int high) { return rng_.uniform(low, high + 1); }  // Both may come.
  std::uint64_t seed() {  // For a generator that is asked later.
    const std::uint64_t high = rng_.next();
    return high << 32 | rng_.next();
  }
  cv::Scalar color() { return {between(40, 215), between(40, 215), between(40, 215)}; }
  cv::RNG& rng() { return rng_; }

 private:
  cv::RNG rng_;
};

}  // namespace dfd
