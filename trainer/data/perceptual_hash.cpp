// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/perceptual_hash.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <unordered_map>

#include <opencv2/imgproc.hpp>

namespace dfd {
namespace {

// Hashes that differ in kNearHash bits agree in one of kNearHash + 1 parts at least.
constexpr int kParts = kNearHash + 1;

std::uint64_t part_of(std::uint64_t hash, int part) {
  const int from = 64 * part / kParts;
  const int bits = 64 * (part + 1) / kParts - from;
  return hash >> from & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

std::optional<std::uint64_t> perceptual_hash(const cv::Mat& rgb) {
  constexpr int kSide = 32;
  constexpr int kFrequencies = 8;  // Each way, from 1: 0 is brightness alone.
  constexpr double kFlat = 2;      // Standard deviation, grey levels: what coding noise has.
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::resize(grey, grey, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(grey, mean, deviation);
  if (deviation[0] < kFlat) return std::nullopt;
  cv::Mat frequencies;
  grey.convertTo(frequencies, CV_32F);
  cv::dct(frequencies, frequencies);
  std::array<float, std::size_t{kFrequencies} * kFrequencies> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int place = static_cast<int>(i);
    values[i] = frequencies.at<float>(1 + place / kFrequencies, 1 + place % kFrequencies);
  }
  std::array<float, values.size()> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
  const float median = sorted[sorted.size() / 2];
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] > median) hash |= std::uint64_t{1} << i;
  }
  return hash;
}

int hash_distance(std::uint64_t a, std::uint64_t b) {
  return static_cast<int>(std::bitset<64>(a ^ b).count());
}

void for_near_hashes(
    const std::vector<std::uint64_t>& hashes,
    const std::function<void(std::size_t first, std::size_t second, int distance)>& call) {
  for (int part = 0; part < kParts; ++part) {
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> same;
    for (std::size_t second = 0; second < hashes.size(); ++second) {
      std::vector<std::size_t>& before = same[part_of(hashes[second], part)];
      for (const std::size_t first : before) {
        const int distance = hash_distance(hashes[first], hashes[second]);
        if (distance > kNearHash) continue;
        bool told = false;
        for (int earlier = 0; earlier < part && !told; ++earlier) {
          told = part_of(hashes[first], earlier) == part_of(hashes[second], earlier);
        }
        if (!told) call(first, second, distance);
      }
      before.push_back(second);
    }
  }
}

}  // namespace dfd
