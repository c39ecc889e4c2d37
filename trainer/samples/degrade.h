// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What cameras, editors and networks do to a whole picture: drawn once, then applied to as many
// pictures as are to be treated alike.

#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <opencv2/core.hpp>

#include "data/random.h"

namespace dfd {

// What is drawn lies between these, low <= high.
struct Range {
  double low = 0;
  double high = 0;
};
double draw(const Range& range, Random& random);

// Throw Error(kInvalidArgument) with the option's name when a number is outside of [least, most],
// or no number, or a range is the wrong way round.
void require_between(const char* name, double value, double least, double most);
void require_range(const char* name, const Range& range, double least, double most);

// Each member changes nothing by default. Applied in this order.
struct ColorChange {
  double gamma = 1;                              // > 0: output = input ^ gamma, white is 1.
  double contrast = 1;                           // > 0, about mid-grey.
  double brightness = 0;                         // Added, in parts of white.
  std::array<double, 3> white_balance{1, 1, 1};  // Gains of R, G, B.
  double saturation = 1;                         // 0 is grey; luma stays.
  double hue = 0;                                // Degrees; luma stays.
};

// How far each may go from changing nothing, both ways. Brightness and hue are differences, the
// others factors: 0.1 is from 1 / 1.1 to 1.1. All >= 0.
struct ColorRange {
  double gamma = 0;
  double contrast = 0;
  double brightness = 0;
  double white_balance = 0;
  double saturation = 0;
  double hue = 0;
};
void require_colors(const ColorRange& range);  // The same of a color_range.
ColorChange draw_color(const ColorRange& range, Random& random);

// Either Gaussian or by a straight motion.
struct Blur {
  double sigma = 0;   // Pixels; 0: none.
  double length = 0;  // Of the motion, in pixels; 0: none.
  double angle = 0;   // Of the motion, in degrees.
};

// Unsharp mask: picture + amount * (picture - its Gaussian blur of sigma pixels).
struct Sharpen {
  double amount = 0;
  double sigma = 1;
};

enum class NoiseKind {
  kColor,  // Each channel has its own.
  kLuma,   // All channels have the same.
  kShot,   // As kColor, growing with the root of the light, as counted photons do.
};
// The field depends on the seed and the picture's size alone.
struct Noise {
  NoiseKind kind = NoiseKind::kColor;
  double sigma = 0;  // Levels of 255; of kShot at mid-grey.
  std::uint64_t seed = 0;
};
Noise draw_noise(const Range& sigma, Random& random);

// Made smaller and brought back to its size, with OpenCV's interpolations.
struct Rescale {
  double factor = 1;  // > 0; from 1 on nothing is done.
  int down = 0;
  int up = 0;
};
Rescale draw_rescale(const Range& factor, Random& random);

struct Jpeg {
  int quality = 100;  // [1, 100]
  // So far to the left of and above the first pixel the first 8x8 block begins, in [0, 8).
  cv::Point grid;
};
Jpeg draw_jpeg(const Range& quality, Random& random);

// Applied in this order: the scene's light, optics, the sensor, the camera's sharpening and its
// file, then an upload's size and its file.
struct Degradation {
  std::optional<ColorChange> color;
  bool grey = false;
  std::optional<Blur> blur;
  std::optional<Noise> noise;
  std::optional<Sharpen> sharpen;
  std::optional<Jpeg> first_jpeg;
  std::optional<Rescale> rescale;
  std::optional<Jpeg> last_jpeg;
};

// All of these take and give CV_8UC3, RGB, of one size, and never write into their input (without
// change the output may share its pixels). Pure functions, for any thread. Throws
// Error(kInvalidArgument) for a picture of another type or without pixels.
cv::Mat degrade(const cv::Mat& rgb, const Degradation& degradation);
cv::Mat recolored(const cv::Mat& rgb, const ColorChange& change);
cv::Mat grey_of(const cv::Mat& rgb);
cv::Mat blurred(const cv::Mat& rgb, const Blur& blur);
cv::Mat with_noise(const cv::Mat& rgb, const Noise& noise);
cv::Mat sharpened(const cv::Mat& rgb, const Sharpen& sharpen);
cv::Mat rescaled(const cv::Mat& rgb, const Rescale& rescale);
cv::Mat through_jpeg(const cv::Mat& rgb, const Jpeg& jpeg);

}  // namespace dfd
