// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/degrade.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace dfd {
namespace {

void require_picture(const cv::Mat& rgb) {
  DFD_REQUIRE(!rgb.empty() && rgb.type() == CV_8UC3, ErrorCode::kInvalidArgument,
              "degrade: a picture of " << rgb.cols << "x" << rgb.rows << " pixels and OpenCV type "
                                       << rgb.type() << "; needed is CV_8UC3 with pixels");
}

// From 1 / (1 + range) to 1 + range, as likely below 1 as above.
double draw_factor(double range, Random& random) {
  const double most = std::log1p(range);
  return std::exp(random.between(-most, most));
}

// What ColorChange does to each channel alone.
cv::Mat channel_tables(const ColorChange& change) {
  cv::Mat tables(1, 256, CV_8UC3);
  for (int level = 0; level < 256; ++level) {
    const double light = std::pow(level / 255.0, change.gamma);
    const double value = (light - 0.5) * change.contrast + 0.5 + change.brightness;
    auto& entry = tables.at<cv::Vec3b>(level);
    for (int i = 0; i < 3; ++i) {
      entry[i] =
          cv::saturate_cast<uchar>(value * change.white_balance[static_cast<std::size_t>(i)] * 255);
    }
  }
  return tables;
}

// Scales and turns the plane of equal luma (ITU-R BT.601, as in JPEG).
cv::Matx33f chroma_matrix(const ColorChange& change) {
  const cv::Matx33d to_ycc(0.299, 0.587, 0.114, -0.168736, -0.331264, 0.5, 0.5, -0.418688,
                           -0.081312);
  const double angle = change.hue * CV_PI / 180;
  const double cosine = change.saturation * std::cos(angle);
  const double sine = change.saturation * std::sin(angle);
  const cv::Matx33d turn(1, 0, 0, 0, cosine, -sine, 0, sine, cosine);
  return to_ycc.inv() * turn * to_ycc;
}

cv::Mat motion_kernel(const Blur& blur) {
  const int radius = std::max(1, static_cast<int>(std::ceil(blur.length / 2)));
  const double angle = blur.angle * CV_PI / 180;
  const cv::Point2d step(std::cos(angle), std::sin(angle));
  cv::Mat kernel(2 * radius + 1, 2 * radius + 1, CV_32F, cv::Scalar(0));
  // Light falls where the camera points at equal intervals of the exposure; each place is shared by
  // the four pixels around it.
  constexpr int kPlaces = 64;
  for (int i = 0; i < kPlaces; ++i) {
    const double along = ((i + 0.5) / kPlaces - 0.5) * blur.length;
    const double x = radius + along * step.x;
    const double y = radius + along * step.y;
    const int left = std::clamp(static_cast<int>(std::floor(x)), 0, 2 * radius - 1);
    const int top = std::clamp(static_cast<int>(std::floor(y)), 0, 2 * radius - 1);
    const double right_part = x - left;
    const double low_part = y - top;
    const auto add = [&](int row, int column, double light) {
      kernel.at<float>(row, column) += static_cast<float>(light / kPlaces);
    };
    add(top, left, (1 - right_part) * (1 - low_part));
    add(top, left + 1, right_part * (1 - low_part));
    add(top + 1, left, (1 - right_part) * low_part);
    add(top + 1, left + 1, right_part * low_part);
  }
  return kernel;
}

// Noise of sigma 1, float.
cv::Mat noise_field(const cv::Size& size, const Noise& noise) {
  cv::RNG rng(noise.seed);
  cv::Mat field(size, noise.kind == NoiseKind::kLuma ? CV_32FC1 : CV_32FC3);
  rng.fill(field, cv::RNG::NORMAL, 0, 1);
  if (noise.kind == NoiseKind::kLuma) cv::merge(std::vector<cv::Mat>(3, field), field);
  return field;
}

}  // namespace

double draw(const Range& range, Random& random) { return random.between(range.low, range.high); }

void require_between(const char* name, double value, double least, double most) {
  DFD_REQUIRE(value >= least && value <= most, ErrorCode::kInvalidArgument,
              name << " is " << value << "; it must be from " << least << " to " << most);
}

void require_range(const char* name, const Range& range, double least, double most) {
  require_between(name, range.low, least, most);
  require_between(name, range.high, least, most);
  DFD_REQUIRE(
      range.low <= range.high, ErrorCode::kInvalidArgument,
      name << " is from " << range.low << " to " << range.high << "; the lower number comes first");
}

void require_colors(const ColorRange& range) {
  require_between("color_range.gamma", range.gamma, 0, 4);
  require_between("color_range.contrast", range.contrast, 0, 4);
  require_between("color_range.brightness", range.brightness, 0, 1);
  require_between("color_range.white_balance", range.white_balance, 0, 4);
  require_between("color_range.saturation", range.saturation, 0, 4);
  require_between("color_range.hue", range.hue, 0, 180);
}

ColorChange draw_color(const ColorRange& range, Random& random) {
  ColorChange change;
  change.gamma = draw_factor(range.gamma, random);
  change.contrast = draw_factor(range.contrast, random);
  change.brightness = random.between(-range.brightness, range.brightness);
  for (double& gain : change.white_balance) gain = draw_factor(range.white_balance, random);
  change.saturation = draw_factor(range.saturation, random);
  change.hue = random.between(-range.hue, range.hue);
  return change;
}

Noise draw_noise(const Range& sigma, Random& random) {
  Noise noise;
  const double kind = random.between(0, 1);
  // A third each would make noise without colour, which only some cameras' filters leave, as
  // common as a bare sensor's.
  if (kind < 0.25) {
    noise.kind = NoiseKind::kLuma;
  } else if (kind < 0.6) {
    noise.kind = NoiseKind::kShot;
  }
  noise.sigma = draw(sigma, random);
  noise.seed = random.seed();
  return noise;
}

Rescale draw_rescale(const Range& factor, Random& random) {
  // Not nearest pixels upwards: players and editors do not, and its squares are a forger's trace.
  constexpr std::array<int, 4> kDown{cv::INTER_AREA, cv::INTER_LINEAR, cv::INTER_CUBIC,
                                     cv::INTER_NEAREST};
  constexpr std::array<int, 2> kUp{cv::INTER_LINEAR, cv::INTER_CUBIC};
  Rescale rescale;
  rescale.factor = draw(factor, random);
  rescale.down = kDown[static_cast<std::size_t>(random.whole(0, 3))];
  rescale.up = kUp[static_cast<std::size_t>(random.whole(0, 1))];
  return rescale;
}

Jpeg draw_jpeg(const Range& quality, Random& random) {
  Jpeg jpeg;
  jpeg.quality = static_cast<int>(std::lround(draw(quality, random)));
  jpeg.grid.x = random.whole(0, 7);
  jpeg.grid.y = random.whole(0, 7);
  return jpeg;
}

cv::Mat degrade(const cv::Mat& rgb, const Degradation& degradation) {
  require_picture(rgb);
  cv::Mat picture = rgb;
  if (degradation.color) picture = recolored(picture, *degradation.color);
  if (degradation.grey) picture = grey_of(picture);
  if (degradation.blur) picture = blurred(picture, *degradation.blur);
  if (degradation.noise) picture = with_noise(picture, *degradation.noise);
  if (degradation.sharpen) picture = sharpened(picture, *degradation.sharpen);
  if (degradation.first_jpeg) picture = through_jpeg(picture, *degradation.first_jpeg);
  if (degradation.rescale) picture = rescaled(picture, *degradation.rescale);
  if (degradation.last_jpeg) picture = through_jpeg(picture, *degradation.last_jpeg);
  return picture;
}

cv::Mat recolored(const cv::Mat& rgb, const ColorChange& change) {
  require_picture(rgb);
  cv::Mat picture;
  cv::LUT(rgb, channel_tables(change), picture);
  if (change.saturation == 1 && change.hue == 0) return picture;
  cv::transform(picture, picture, chroma_matrix(change));
  return picture;
}

cv::Mat grey_of(const cv::Mat& rgb) {
  require_picture(rgb);
  cv::Mat luma;
  cv::cvtColor(rgb, luma, cv::COLOR_RGB2GRAY);
  cv::Mat picture;
  cv::cvtColor(luma, picture, cv::COLOR_GRAY2RGB);
  return picture;
}

cv::Mat blurred(const cv::Mat& rgb, const Blur& blur) {
  require_picture(rgb);
  cv::Mat picture = rgb;
  if (blur.length > 0) {
    cv::Mat moved;
    cv::filter2D(picture, moved, -1, motion_kernel(blur));
    picture = moved;
  }
  if (blur.sigma > 0) {
    cv::Mat soft;
    cv::GaussianBlur(picture, soft, {}, blur.sigma);
    picture = soft;
  }
  return picture;
}

cv::Mat with_noise(const cv::Mat& rgb, const Noise& noise) {
  require_picture(rgb);
  cv::Mat field = noise_field(rgb.size(), noise);
  if (noise.kind == NoiseKind::kShot) {
    cv::Mat roots(1, 256, CV_32F);
    for (int level = 0; level < 256; ++level) {
      roots.at<float>(level) = static_cast<float>(std::sqrt(level / 128.0));
    }
    cv::Mat growth;
    cv::LUT(rgb, roots, growth);
    cv::multiply(field, growth, field);
  }
  cv::Mat picture;
  cv::scaleAdd(field, noise.sigma, cv::Mat_<cv::Vec3f>(rgb), field);
  field.convertTo(picture, CV_8U);
  return picture;
}

cv::Mat sharpened(const cv::Mat& rgb, const Sharpen& sharpen) {
  require_picture(rgb);
  cv::Mat soft;
  cv::GaussianBlur(rgb, soft, {}, sharpen.sigma);
  cv::Mat picture;
  cv::addWeighted(rgb, 1 + sharpen.amount, soft, -sharpen.amount, 0, picture);
  return picture;
}

cv::Mat rescaled(const cv::Mat& rgb, const Rescale& rescale) {
  require_picture(rgb);
  if (rescale.factor >= 1) return rgb;
  const auto reduced = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(side * rescale.factor)));
  };
  cv::Mat small;
  cv::resize(rgb, small, {reduced(rgb.cols), reduced(rgb.rows)}, 0, 0, rescale.down);
  cv::Mat picture;
  cv::resize(small, picture, rgb.size(), 0, 0, rescale.up);
  return picture;
}

cv::Mat through_jpeg(const cv::Mat& rgb, const Jpeg& jpeg) {
  require_picture(rgb);
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  cv::copyMakeBorder(bgr, bgr, jpeg.grid.y, 0, jpeg.grid.x, 0, cv::BORDER_REFLECT_101);
  std::vector<uchar> file;
  const bool encoded = cv::imencode(".jpg", bgr, file, {cv::IMWRITE_JPEG_QUALITY, jpeg.quality});
  DFD_CHECK(encoded);
  cv::imdecode(file, cv::IMREAD_COLOR, &bgr);
  DFD_CHECK(bgr.cols == rgb.cols + jpeg.grid.x && bgr.rows == rgb.rows + jpeg.grid.y);
  cv::Mat picture;
  cv::cvtColor(bgr(cv::Rect(jpeg.grid, rgb.size())), picture, cv::COLOR_BGR2RGB);
  return picture;
}

}  // namespace dfd
