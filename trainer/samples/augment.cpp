// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/augment.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/resize.h"

namespace dfd {
namespace {

// A file of good quality, which even the first pictures of a training may be.
constexpr double kEasyQuality = 90;
// Jitter at strength 0, of that at 1: no two detectors agree better.
constexpr double kLeastJitter = 0.2;
// Pixels around what the crop needs: two blocks of JPEG's halved colours, and more than any blur or
// reduction of the default ranges reaches.
constexpr int kBorder = 16;
// What interpolation reads beyond the crop, as backbone/input.cpp has it.
constexpr int kSampledBorder = 1;

void require_options(const AugmentOptions& options) {
  require_between("size", options.size, 16, 1024);
  require_between("master_margin", options.master_margin, 1, 4);
  require_between("margin", options.margin, 1, options.master_margin);
  require_between("strength", options.strength, 0, 1);
  require_between("flip", options.flip, 0, 1);
  require_between("shift", options.shift, 0, 0.5);
  require_between("scale", options.scale, 0, 1);
  require_between("turn", options.turn, 0, 45);
  require_between("color", options.color, 0, 1);
  require_colors(options.color_range);
  require_between("grey", options.grey, 0, 1);
  require_between("blur", options.blur, 0, 1);
  require_range("blur_sigma", options.blur_sigma, 0, 20);
  require_between("motion", options.motion, 0, 1);
  require_range("motion_length", options.motion_length, 0, 50);
  require_between("noise", options.noise, 0, 1);
  require_range("noise_sigma", options.noise_sigma, 0, 100);
  require_between("sharpen", options.sharpen, 0, 1);
  require_range("sharpen_amount", options.sharpen_amount, 0, 10);
  require_range("sharpen_sigma", options.sharpen_sigma, 0.1, 20);
  require_between("rescale", options.rescale, 0, 1);
  require_range("rescale_factor", options.rescale_factor, 0.02, 1);
  require_between("jpeg", options.jpeg, 0, 1);
  require_between("second_jpeg", options.second_jpeg, 0, 1);
  require_range("jpeg_quality", options.jpeg_quality, 1, 100);
}

void require_master(const cv::Mat& master) {
  DFD_REQUIRE(!master.empty() && master.type() == CV_8UC3 && master.rows == master.cols,
              ErrorCode::kInvalidArgument,
              "a master crop of " << master.cols << "x" << master.rows << " pixels and OpenCV type "
                                  << master.type() << "; needed is a square of CV_8UC3");
}

double jitter_of(const AugmentOptions& options) {
  return kLeastJitter + (1 - kLeastJitter) * options.strength;
}

Range quality_of(const AugmentOptions& options) {
  const Range& all = options.jpeg_quality;
  const double easy = std::clamp(kEasyQuality, all.low, all.high);
  return {easy + (all.low - easy) * options.strength, all.high};
}

// Everything is drawn whether or not it is used, so that one probability changed leaves the other
// draws what they were.
Degradation draw_degradation(const AugmentOptions& options, Random& random) {
  Degradation drawn;
  const auto wanted = [&](double probability) {
    return random.chance(probability * options.strength);
  };
  const ColorChange color = draw_color(options.color_range, random);
  if (wanted(options.color)) drawn.color = color;
  drawn.grey = wanted(options.grey);

  const bool moves = random.chance(options.motion);
  const Blur gaussian{draw(options.blur_sigma, random), 0, 0};
  const Blur motion{0, draw(options.motion_length, random), random.between(0, 180)};
  if (wanted(options.blur)) drawn.blur = moves ? motion : gaussian;

  const Noise noise = draw_noise(options.noise_sigma, random);
  if (wanted(options.noise)) drawn.noise = noise;
  const Sharpen sharpen{draw(options.sharpen_amount, random), draw(options.sharpen_sigma, random)};
  if (wanted(options.sharpen)) drawn.sharpen = sharpen;
  const Rescale rescale = draw_rescale(options.rescale_factor, random);
  if (wanted(options.rescale)) drawn.rescale = rescale;

  const Range quality = quality_of(options);
  const Jpeg first = draw_jpeg(quality, random);
  const Jpeg last = draw_jpeg(quality, random);
  const bool twice = random.chance(options.second_jpeg);
  if (random.chance(options.jpeg)) {
    if (twice) drawn.first_jpeg = first;
    drawn.last_jpeg = last;
  }
  return drawn;
}

// A degradation in pixels of the network's crop, in those of the master: reduction of the former
// are one of the latter.
Degradation in_master(Degradation degradation, double reduction) {
  if (degradation.blur) {
    degradation.blur->sigma /= reduction;
    degradation.blur->length /= reduction;
  }
  if (degradation.sharpen) degradation.sharpen->sigma /= reduction;
  if (degradation.rescale) degradation.rescale->factor *= reduction;
  return degradation;
}

// From the network's crop to the master, both in pixels from the corner.
cv::Matx23d crop_to_master(int master, const Augmentation& augmentation,
                           const AugmentOptions& options) {
  const double side = master * options.margin / options.master_margin;
  const double step = side * augmentation.scale / options.size;
  const double angle = augmentation.turn * CV_PI / 180;
  const double across = augmentation.flip ? -1 : 1;
  const double cosine = std::cos(angle) * step;
  const double sine = std::sin(angle) * step;
  cv::Matx23d matrix(cosine * across, -sine, 0, sine * across, cosine, 0);
  const double middle = options.size / 2.0;
  for (int i = 0; i < 2; ++i) {
    const double shift = i == 0 ? augmentation.shift.x : augmentation.shift.y;
    matrix(i, 2) = master / 2.0 + shift * side - (matrix(i, 0) + matrix(i, 1)) * middle;
  }
  return matrix;
}

// The part of the master that the crop needs, with a border of so many pixels.
cv::Rect part_of(int master, const cv::Matx23d& to_master, int size, int border) {
  const auto side = static_cast<double>(size);
  std::vector<cv::Point2d> corners{{0, 0}, {side, 0}, {0, side}, {side, side}};
  cv::transform(corners, corners, to_master);
  const auto [left, right] = std::minmax({corners[0].x, corners[1].x, corners[2].x, corners[3].x});
  const auto [top, bottom] = std::minmax({corners[0].y, corners[1].y, corners[2].y, corners[3].y});
  const cv::Point first(static_cast<int>(std::floor(left)) - border,
                        static_cast<int>(std::floor(top)) - border);
  const cv::Point last(static_cast<int>(std::ceil(right)) + border,
                       static_cast<int>(std::ceil(bottom)) + border);
  return cv::Rect(first, last) & cv::Rect(0, 0, master, master);
}

// As make_crop() samples: averaged to the crop's scale first, then turned. pixels: a part of
// the master, whose corner lies there.
cv::Mat sampled(const cv::Mat& pixels, const cv::Point& corner, const cv::Matx23d& to_master,
                int size) {
  const cv::Matx33d inverse =
      cv::Matx33d(to_master(0, 0), to_master(0, 1), to_master(0, 2), to_master(1, 0),
                  to_master(1, 1), to_master(1, 2), 0, 0, 1)
          .inv();
  const double scale = std::min(1.0, std::hypot(inverse(0, 0), inverse(1, 0)));
  const auto reduced = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  const cv::Size grid(reduced(pixels.cols), reduced(pixels.rows));
  const cv::Matx33d from_grid(static_cast<double>(pixels.cols) / grid.width, 0, corner.x, 0,
                              static_cast<double>(pixels.rows) / grid.height, corner.y, 0, 0, 1);
  cv::Matx23d matrix = (inverse * from_grid).get_minor<2, 3>(0, 0);
  // OpenCV counts from the middle of the first pixel.
  for (int i = 0; i < 2; ++i) matrix(i, 2) += (matrix(i, 0) + matrix(i, 1)) / 2 - 0.5;
  cv::Mat crop;
  cv::warpAffine(resize_bilinear(pixels, grid), crop, matrix, {size, size}, cv::INTER_LINEAR,
                 cv::BORDER_REFLECT);
  return crop;
}

std::string percent(double probability) {
  std::ostringstream text;
  text.precision(3);
  text << probability * 100 << " %";
  return text.str();
}

std::string from_to(const Range& range) {
  std::ostringstream text;
  text.precision(3);
  text << range.low << " to " << range.high;
  return text.str();
}

}  // namespace

Augmentation draw_augmentation(const AugmentOptions& options, Random& random) {
  require_options(options);
  const double jitter = jitter_of(options);
  Augmentation drawn;
  drawn.flip = random.chance(options.flip);
  drawn.shift.x = random.between(-options.shift, options.shift) * jitter;
  drawn.shift.y = random.between(-options.shift, options.shift) * jitter;
  const double most = std::log1p(options.scale);
  drawn.scale = std::exp(random.between(-most, most) * jitter);
  drawn.turn = random.between(-options.turn, options.turn) * jitter;
  drawn.degradation = draw_degradation(options, random);
  return drawn;
}

Augmentation trembled(const Augmentation& augmentation, Random& random) {
  // A pixel or two of 128, as boxes that are found anew every half second and smoothed between.
  constexpr double kShift = 0.01;
  constexpr double kScale = 0.01;
  constexpr double kTurn = 0.5;  // Degrees.
  Augmentation next = augmentation;
  next.shift.x += random.normal(kShift);
  next.shift.y += random.normal(kShift);
  next.scale *= std::exp(random.normal(kScale));
  next.turn += random.normal(kTurn);
  const std::uint64_t seed = random.seed();
  if (next.degradation.noise) next.degradation.noise->seed = seed;
  return next;
}

cv::Mat augment(const cv::Mat& master, const Augmentation& augmentation,
                const AugmentOptions& options) {
  require_options(options);
  require_master(master);
  const cv::Matx23d to_master = crop_to_master(master.cols, augmentation, options);
  // The very part that serving averages: in another one each pixel would have other neighbours.
  const cv::Rect read = part_of(master.cols, to_master, options.size, kSampledBorder);
  DFD_REQUIRE(
      !read.empty(), ErrorCode::kInvalidArgument,
      "augment: a shift of " << augmentation.shift << " crop's sides leaves the master crop");
  const cv::Rect part = part_of(master.cols, to_master, options.size, kBorder);
  const double reduction = options.size * options.master_margin / (options.margin * master.cols);
  const cv::Mat degraded = degrade(master(part), in_master(augmentation.degradation, reduction));
  return sampled(degraded(read - part.tl()), read.tl(), to_master, options.size);
}

cv::Mat middle_crop(const cv::Mat& master, const AugmentOptions& options) {
  return augment(master, {}, options);
}

std::vector<std::pair<std::string, std::string>> describe(const AugmentOptions& options) {
  require_options(options);
  const double jitter = jitter_of(options);
  const auto often = [&](double probability) { return percent(probability * options.strength); };
  const ColorRange& color = options.color_range;
  std::ostringstream colors;
  colors.precision(3);
  colors << often(options.color) << ": factors of gamma " << 1 + color.gamma << ", contrast "
         << 1 + color.contrast << ", white balance " << 1 + color.white_balance << ", saturation "
         << 1 + color.saturation << "; brightness " << percent(color.brightness) << ", hue "
         << color.hue << " degrees; each both ways";
  std::ostringstream turn;
  turn.precision(3);
  turn << "always: " << options.turn * jitter << " degrees both ways";
  return {
      {"flip", percent(options.flip) + ": left for right"},
      {"shift", "always: " + percent(options.shift * jitter) + " of the side both ways"},
      {"scale",
       "always: " + percent(std::expm1(std::log1p(options.scale) * jitter)) + " both ways"},
      {"turn", turn.str()},
      {"color", colors.str()},
      {"grey", often(options.grey) + ": no colour"},
      {"blur", often(options.blur * (1 - options.motion)) + ": Gaussian, sigma " +
                   from_to(options.blur_sigma) + " pixels"},
      {"motion blur", often(options.blur * options.motion) + ": " + from_to(options.motion_length) +
                          " pixels, any direction"},
      {"noise", often(options.noise) + ": of colour, luma or shots, sigma " +
                    from_to(options.noise_sigma) + " levels"},
      {"sharpen", often(options.sharpen) + ": unsharp mask, amount " +
                      from_to(options.sharpen_amount) + ", sigma " +
                      from_to(options.sharpen_sigma) + " pixels"},
      {"rescale", often(options.rescale) + ": to " + from_to(options.rescale_factor) +
                      " of the crop's pixels and back"},
      {"jpeg", percent(options.jpeg) + ": quality " + from_to(quality_of(options)) + "; of these " +
                   percent(options.second_jpeg) + " twice, on another grid"},
  };
}

}  // namespace dfd
