// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/color.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace dfd {
namespace {

constexpr double kReferenceWhite = 203;  // cd/m2, ITU-R BT.2408.
constexpr double kKnee = 0.8;            // Of reference white.

// SMPTE ST 2084. value in [0, 1] -> cd/m2.
double light_of_pq(double value) {
  constexpr double kM1 = 2610.0 / 16384;
  constexpr double kM2 = 2523.0 / 4096 * 128;
  constexpr double kC1 = 3424.0 / 4096;
  constexpr double kC2 = 2413.0 / 4096 * 32;
  constexpr double kC3 = 2392.0 / 4096 * 32;
  constexpr double kPeak = 10000;
  const double power = std::pow(value, 1 / kM2);
  return kPeak * std::pow(std::max(power - kC1, 0.0) / (kC2 - kC3 * power), 1 / kM1);
}

// ARIB STD-B67 and ITU-R BT.2100's system gamma.
double light_of_hlg(double value) {
  constexpr double kA = 0.17883277;
  constexpr double kB = 0.28466892;
  constexpr double kC = 0.55991073;
  constexpr double kPeak = 1000;
  constexpr double kSystemGamma = 1.2;
  const double scene = value <= 0.5 ? value * value / 3 : (std::exp((value - kC) / kA) + kB) / 12;
  return kPeak * std::pow(scene, kSystemGamma);
}

std::array<std::uint8_t, 1024> make_tones(double (*light_of)(double)) {
  std::array<std::uint8_t, 1024> tones{};
  for (std::size_t i = 0; i < tones.size(); ++i) {
    const double light = light_of(static_cast<double>(i) / 1023) / kReferenceWhite;
    const double shown =
        light <= kKnee ? light : 1 - (1 - kKnee) * std::exp((kKnee - light) / (1 - kKnee));
    constexpr double kDisplayGamma = 2.4;  // ITU-R BT.1886.
    tones[i] = static_cast<std::uint8_t>(std::lround(255 * std::pow(shown, 1 / kDisplayGamma)));
  }
  return tones;
}

}  // namespace

const std::array<std::uint8_t, 1024>& tones_of(Transfer transfer) {
  static const std::array<std::uint8_t, 1024> kOfPq = make_tones(light_of_pq);
  static const std::array<std::uint8_t, 1024> kOfHlg = make_tones(light_of_hlg);
  return transfer == Transfer::kPq ? kOfPq : kOfHlg;
}

void to_standard_range(cv::Mat& rgb, const ColorEncoding& color) {
  if (!color.full_range) rgb.convertTo(rgb, -1, 255.0 / 219.0, -16 * 255.0 / 219.0);
  if (color.transfer == Transfer::kSdr) return;
  const std::array<std::uint8_t, 1024>& tones = tones_of(color.transfer);
  cv::Mat table(1, 256, CV_8U);
  for (int i = 0; i < 256; ++i) {
    table.at<std::uint8_t>(i) = tones[static_cast<std::size_t>(std::lround(i * 1023.0 / 255))];
  }
  cv::LUT(rgb, table, rgb);
}

}  // namespace dfd
