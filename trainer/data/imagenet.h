// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the seed recipe takes from ImageNet.

#pragma once

#include <array>

namespace dfd {

// Mean and deviation of red, green and blue, of values in [0, 255].
constexpr std::array<double, 3> kImageNetMean{0.485 * 255, 0.456 * 255, 0.406 * 255};
constexpr std::array<double, 3> kImageNetStd{0.229 * 255, 0.224 * 255, 0.225 * 255};

}  // namespace dfd
