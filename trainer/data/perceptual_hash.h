// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tells pictures that look the same, whatever their size and coding.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <opencv2/core.hpp>

namespace dfd {

// 64 low frequencies of the picture's cosine transform at 32x32 pixels, each above their median or
// not (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions"). None for
// a flat picture, of which noise alone would be told. rgb: CV_8UC3.
std::optional<std::uint64_t> perceptual_hash(const cv::Mat& rgb);

// How many of the 64 bits differ.
int hash_distance(std::uint64_t a, std::uint64_t b);

// Pictures that look the same differ in this many bits at most; others in about 32.
constexpr int kNearHash = 4;

// Calls for each pair of places, first < second, whose hashes differ in kNearHash bits at most,
// once.
void for_near_hashes(
    const std::vector<std::uint64_t>& hashes,
    const std::function<void(std::size_t first, std::size_t second, int distance)>& call);

}  // namespace dfd
