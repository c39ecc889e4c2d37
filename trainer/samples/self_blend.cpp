// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/self_blend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace dfd {
namespace {

// A difference that survives JPEG and eight bits.
constexpr int kVisibleLevels = 2;
// Of the mask's pixels; fewer than these are noise.
constexpr double kVisiblePart = 0.05;

std::array<double, kMaskKinds> kind_weights(const BlendOptions& options) {
  // What small masks change is hard to find even where it is clear.
  const double small = 1 - options.easiness;
  return {options.whole_face, options.no_forehead,   options.inner_face,
          options.lower_face, options.mouth * small, options.eyes * small};
}

void require_options(const BlendOptions& options) {
  require_between("easiness", options.easiness, 0, 1);
  constexpr double kMost = 1e6;
  require_between("whole_face", options.whole_face, 0, kMost);
  require_between("no_forehead", options.no_forehead, 0, kMost);
  require_between("inner_face", options.inner_face, 0, kMost);
  require_between("lower_face", options.lower_face, 0, kMost);
  require_between("mouth", options.mouth, 0, kMost);
  require_between("eyes", options.eyes, 0, kMost);
  double sum = 0;
  for (const double weight : kind_weights(options)) sum += weight;
  DFD_REQUIRE(sum > 0, ErrorCode::kInvalidArgument,
              "no kind of mask is left to draw: give whole_face, no_forehead, inner_face or "
              "lower_face a weight above 0 (at easiness below 1 also mouth or eyes)");
  require_between("alter_source", options.alter_source, 0, 1);
  require_colors(options.color_range);
  for (const double probability :
       {options.rescale, options.sharpen, options.blur, options.regenerate}) {
    require_between("rescale, sharpen, blur or regenerate", probability, 0, 1);
  }
  require_between("rescale + sharpen + blur + regenerate",
                  options.rescale + options.sharpen + options.blur + options.regenerate, 0,
                  1 + 1e-9);  // Sums of tenths are not exact.
  require_range("rescale_factor", options.rescale_factor, 0.02, 1);
  require_range("sharpen_amount", options.sharpen_amount, 0, 10);
  require_range("sharpen_sigma", options.sharpen_sigma, 0.1, 20);
  require_range("blur_sigma", options.blur_sigma, 0, 20);
  require_between("noise", options.noise, 0, 1);
  require_range("noise_sigma", options.noise_sigma, 0, 100);
  require_between("jpeg", options.jpeg, 0, 1);
  require_range("jpeg_quality", options.jpeg_quality, 1, 100);
  require_between("shift", options.shift, 0, 0.5);
  require_between("scale", options.scale, 0, 1);
}

void require_face(const BlendFace& face) {
  const cv::Mat& picture = face.picture;
  DFD_REQUIRE(!picture.empty() && picture.type() == CV_8UC3 && picture.rows == picture.cols,
              ErrorCode::kInvalidArgument,
              "a blend's picture of " << picture.cols << "x" << picture.rows
                                      << " pixels and OpenCV type " << picture.type()
                                      << "; needed is a master crop, a square of CV_8UC3");
}

void require_plan(const BlendPlan& plan) {
  // A thousandth shows nowhere; a tenth and ten times are no face in its place any more.
  require_between("a blend's ratio", plan.ratio, 0.001, 1);
  require_between("a blend's scale", plan.scale, 0.1, 10);
  require_between("a mask's scale", plan.mask.scale.x, 0.1, 10);
  require_between("a mask's scale", plan.mask.scale.y, 0.1, 10);
  if (!plan.regeneration) return;
  require_between("a regeneration's scale", plan.regeneration->scale, 0.01, 1);
  require_between("a regeneration's unevenness", plan.regeneration->unevenness, -1, 1);
  require_between("a regeneration's detail", plan.regeneration->detail, 0, 1);
}

MaskKind draw_kind(const BlendOptions& options, Random& random) {
  const std::array<double, kMaskKinds> weights = kind_weights(options);
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = random.between(0, sum);
  int last = 0;
  for (int kind = 0; kind < kMaskKinds; ++kind) {
    const double weight = weights[static_cast<std::size_t>(kind)];
    if (weight <= 0) continue;
    last = kind;
    if (left < weight) break;
    left -= weight;
  }
  return static_cast<MaskKind>(last);
}

ColorRange wider(ColorRange range, double factor) {
  range.gamma *= factor;
  range.contrast *= factor;
  range.brightness *= factor;
  range.white_balance *= factor;
  range.saturation *= factor;
  range.hue *= factor;
  return range;
}

Regeneration draw_regeneration(Random& random) {
  Regeneration drawn;
  drawn.zero_insertion = random.chance(0.5);
  // Periods of 2 to 3.3 pixels, and half of that resolution: below, it is a blur and no generator.
  drawn.scale = random.between(0.6, 1);
  // Just not seen, and just seen.
  drawn.unevenness = random.between(0.015, 0.06) * (random.chance(0.5) ? 1 : -1);
  drawn.detail = random.between(0.2, 0.9);
  return drawn;
}

// All is drawn whether or not it is used, as augmentation does.
void draw_alteration(const BlendOptions& options, Random& random, BlendPlan& plan) {
  Degradation& alteration = plan.alteration;
  alteration.color = draw_color(wider(options.color_range, 1 + options.easiness), random);
  const Rescale rescale = draw_rescale(options.rescale_factor, random);
  const Sharpen sharpen{draw(options.sharpen_amount, random), draw(options.sharpen_sigma, random)};
  const Blur blur{draw(options.blur_sigma, random), 0, 0};
  const Regeneration regeneration = draw_regeneration(random);
  const double texture = random.between(0, 1);
  const double after_rescale = options.rescale;
  const double after_sharpen = after_rescale + options.sharpen;
  const double after_blur = after_sharpen + options.blur;
  if (texture < after_rescale) {
    alteration.rescale = rescale;
  } else if (texture < after_sharpen) {
    alteration.sharpen = sharpen;
  } else if (texture < after_blur) {
    alteration.blur = blur;
  } else if (texture < after_blur + options.regenerate) {
    plan.regeneration = regeneration;
  }
  const Noise noise = draw_noise(options.noise_sigma, random);
  if (random.chance(options.noise)) alteration.noise = noise;
  const Jpeg jpeg = draw_jpeg(options.jpeg_quality, random);
  if (random.chance(options.jpeg)) alteration.last_jpeg = jpeg;
}

// Every second pixel from a picture of half the size, by a kernel of 3 that gives even places
// 1 + unevenness, odd ones 1 - unevenness of what they are due.
cv::Mat inserted(const cv::Mat& half, const cv::Size& size, double unevenness) {
  cv::Mat sparse(size, CV_32FC3, cv::Scalar::all(0));
  for (int y = 0; y < half.rows && 2 * y < size.height; ++y) {
    const auto* in = half.ptr<cv::Vec3f>(y);
    auto* out = sparse.ptr<cv::Vec3f>(2 * y);
    for (int x = 0; x < half.cols && 2 * x < size.width; ++x) out[2 * x] = in[x];
  }
  const auto even = static_cast<float>(1 + unevenness);
  const auto odd = static_cast<float>((1 - unevenness) / 2);
  const cv::Matx13f kernel(odd, even, odd);
  cv::Mat filled;
  cv::sepFilter2D(sparse, filled, CV_32F, kernel, kernel, {-1, -1}, 0, cv::BORDER_REFLECT_101);
  return filled;
}

cv::Mat regenerated(const cv::Mat& rgb, const Regeneration& plan) {
  const auto sized = [](int side, double scale) {
    return std::max(2, static_cast<int>(std::lround(side * scale)));
  };
  const cv::Size half_size(sized(rgb.cols, plan.scale / 2), sized(rgb.rows, plan.scale / 2));
  const cv::Size full_size = half_size * 2;
  cv::Mat full;
  cv::resize(rgb, full, full_size, 0, 0, cv::INTER_AREA);
  full.convertTo(full, CV_32F);
  cv::Mat half;
  cv::resize(full, half, half_size, 0, 0, cv::INTER_AREA);
  cv::Mat smooth;
  cv::resize(half, smooth, full_size, 0, 0, cv::INTER_LINEAR);
  cv::Mat made;
  if (plan.zero_insertion) {
    made = inserted(half, full_size, plan.unevenness);
  } else {
    cv::resize(half, made, full_size, 0, 0, cv::INTER_NEAREST);
  }
  made += (full - smooth) * plan.detail;
  cv::Mat bytes;
  made.convertTo(bytes, CV_8U);
  cv::Mat picture;
  cv::resize(bytes, picture, rgb.size(), 0, 0, cv::INTER_LINEAR);
  return picture;
}

cv::Mat altered(const cv::Mat& rgb, const BlendPlan& plan) {
  return degrade(plan.regeneration ? regenerated(rgb, *plan.regeneration) : rgb, plan.alteration);
}

// The source moved and scaled as the plan says, about the middle of the target's face.
cv::Mat moved(const cv::Mat& source, const BlendPlan& plan, const cv::Matx23d& face) {
  const double side = side_of(face);
  const cv::Vec2d middle = face * cv::Vec3d(0.5, 0.5, 1);
  const double x = middle[0] - 0.5;  // OpenCV counts from the middle of the first pixel.
  const double y = middle[1] - 0.5;
  const cv::Matx23d matrix(plan.scale, 0, x - plan.scale * x + plan.shift.x * side, 0, plan.scale,
                           y - plan.scale * y + plan.shift.y * side);
  cv::Mat picture;
  cv::warpAffine(source, picture, matrix, source.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  return picture;
}

bool teaches(const Blended& pair) {
  int inside = 0;
  int visible = 0;
  for (int y = 0; y < pair.real.rows; ++y) {
    const auto* part = pair.mask.ptr<float>(y);
    const auto* real = pair.real.ptr<cv::Vec3b>(y);
    const auto* fake = pair.fake.ptr<cv::Vec3b>(y);
    for (int x = 0; x < pair.real.cols; ++x) {
      if (part[x] <= 0) continue;
      ++inside;
      int most = 0;
      for (int i = 0; i < 3; ++i) most = std::max(most, std::abs(real[x][i] - fake[x][i]));
      if (most >= kVisibleLevels) ++visible;
    }
  }
  return visible > 0 && visible >= inside * kVisiblePart;
}

Blended blend_once(const cv::Mat& target, const cv::Mat& source, const cv::Matx23d& face,
                   const cv::Mat& mask, const BlendPlan& plan) {
  Blended pair;
  pair.real = plan.alter_source ? target : altered(target, plan);
  // The caller's picture stays the caller's alone.
  if (pair.real.data == target.data) pair.real = target.clone();
  const cv::Mat from = moved(plan.alter_source ? altered(source, plan) : source, plan, face);
  pair.mask = mask * plan.ratio;
  pair.fake = mixed_by(pair.mask, pair.real, from);
  return pair;
}

// target: whether its face is dark, so that there is room for more light.
BlendPlan relit(BlendPlan plan, const cv::Mat& target, const cv::Mat& mask) {
  const cv::Scalar mean = cv::mean(target, mask > 0);
  // 30 levels of 255: JPEG at its worst and noise leave most of it, also at the mask's soft edge.
  constexpr double kLight = 0.12;
  ColorChange light;
  light.brightness = (mean[0] + mean[1] + mean[2]) / 3 < 127.5 ? kLight : -kLight;
  plan.alteration.color = light;
  return plan;
}

// source: in the target's place already.
Blended blend(const cv::Mat& target, const cv::Mat& source, const cv::Matx23d& face,
              const cv::Mat& mask, BlendPlan plan) {
  Blended pair = blend_once(target, source, face, mask, plan);
  if (teaches(pair)) return pair;
  plan.ratio = 1;
  pair = blend_once(target, source, face, mask, plan);
  if (teaches(pair)) return pair;
  return blend_once(target, source, face, mask, relit(plan, target, mask));
}

cv::Matx23d similarity_between(const cv::Matx23d& from, const cv::Matx23d& to) {
  cv::Mat back;
  cv::invertAffineTransform(from, back);
  const cv::Matx23d inverse(back.ptr<double>());
  const cv::Matx33d square(inverse(0, 0), inverse(0, 1), inverse(0, 2), inverse(1, 0),
                           inverse(1, 1), inverse(1, 2), 0, 0, 1);
  cv::Matx23d matrix = to * square;
  // OpenCV counts from the middle of the first pixel.
  for (int i = 0; i < 2; ++i) matrix(i, 2) += (matrix(i, 0) + matrix(i, 1)) / 2 - 0.5;
  return matrix;
}

// The source's colours with the target's mean and deviation, both within the mask.
cv::Mat matched(const cv::Mat& source, const cv::Mat& target, const cv::Mat& mask) {
  cv::Mat from;
  cv::Mat to;
  cv::cvtColor(source, from, cv::COLOR_RGB2Lab);
  cv::cvtColor(target, to, cv::COLOR_RGB2Lab);
  const cv::Mat inside = mask > 0.5;
  cv::Scalar from_mean, from_deviation, to_mean, to_deviation;
  cv::meanStdDev(from, from_mean, from_deviation, inside);
  cv::meanStdDev(to, to_mean, to_deviation, inside);
  cv::Mat tables(1, 256, CV_8UC3);
  for (int i = 0; i < 3; ++i) {
    // Beyond, a flat face's few levels would be stretched into stripes.
    const double gain = std::clamp(to_deviation[i] / std::max(from_deviation[i], 1.0), 0.5, 2.0);
    for (int level = 0; level < 256; ++level) {
      tables.at<cv::Vec3b>(level)[i] =
          cv::saturate_cast<uchar>((level - from_mean[i]) * gain + to_mean[i]);
    }
  }
  cv::LUT(from, tables, from);
  cv::Mat picture;
  cv::cvtColor(from, picture, cv::COLOR_Lab2RGB);
  return picture;
}

}  // namespace

BlendPlan draw_blend(const BlendOptions& options, Random& random) {
  require_options(options);
  BlendPlan plan;
  const MaskKind kind = draw_kind(options, random);
  plan.mask = draw_mask(kind, random);
  // The paper's: half of the blends are full.
  constexpr std::array<double, 6> kRatios{0.25, 0.5, 0.75, 1, 1, 1};
  plan.ratio = kRatios[static_cast<std::size_t>(random.whole(0, 5))];
  if (random.chance(options.easiness)) plan.ratio = 1;
  plan.alter_source = random.chance(options.alter_source);
  plan.shift.x = random.between(-options.shift, options.shift);
  plan.shift.y = random.between(-options.shift, options.shift) / 2;
  const double most = std::log1p(options.scale);
  plan.scale = std::exp(random.between(-most, most));
  draw_alteration(options, random, plan);
  return plan;
}

BlendPlan jittered(const BlendPlan& plan, Random& random) {
  BlendPlan next = plan;
  // What landmarks tremble by from frame to frame: half a pixel of a face of 150.
  constexpr double kTremble = 0.003;
  next.mask.shift.x += random.normal(kTremble);
  next.mask.shift.y += random.normal(kTremble);
  next.mask.scale.x *= std::exp(random.normal(kTremble));
  next.mask.scale.y *= std::exp(random.normal(kTremble));
  next.mask.turn += random.normal(0.2);
  for (MaskWave& wave : next.mask.waves) wave.phase += random.normal(0.1);
  next.shift.x += random.normal(kTremble);
  next.shift.y += random.normal(kTremble);
  next.scale *= std::exp(random.normal(kTremble));
  // A level of 255: below what a camera's own exposure changes.
  const double light = random.normal(0.004);
  if (next.alteration.color) next.alteration.color->brightness += light;
  const std::uint64_t seed = random.seed();
  if (next.alteration.noise) next.alteration.noise->seed = seed;
  return next;
}

double pose_difference(const FaceLandmarks& a, const FaceLandmarks& b) {
  const cv::Matx23d to_a = face_to_picture(a);
  const cv::Matx23d to_b = face_to_picture(b);
  const cv::Matx22d turn_a = to_a.get_minor<2, 2>(0, 0).inv();
  const cv::Matx22d turn_b = to_b.get_minor<2, 2>(0, 0).inv();
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const cv::Vec2d in_a = turn_a * cv::Vec2d(a[i].x - to_a(0, 2), a[i].y - to_a(1, 2));
    const cv::Vec2d in_b = turn_b * cv::Vec2d(b[i].x - to_b(0, 2), b[i].y - to_b(1, 2));
    squares += (in_a - in_b).dot(in_a - in_b);
  }
  return std::sqrt(squares / static_cast<double>(a.size()));
}

Blended self_blend(const BlendFace& target, const BlendPlan& plan) {
  require_plan(plan);
  require_face(target);
  const cv::Matx23d face = face_to_picture(target.landmarks);
  const cv::Mat mask = face_mask(plan.mask, target.landmarks, target.picture.cols);
  return blend(target.picture, target.picture, face, mask, plan);
}

Blended blend_faces(const BlendFace& target, const BlendFace& source, const BlendPlan& plan) {
  require_plan(plan);
  require_face(target);
  require_face(source);
  const cv::Matx23d face = face_to_picture(target.landmarks);
  const cv::Mat mask = face_mask(plan.mask, target.landmarks, target.picture.cols);
  cv::Mat placed;
  cv::warpAffine(source.picture, placed,
                 similarity_between(face_to_picture(source.landmarks), face), target.picture.size(),
                 cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  return blend(target.picture, matched(placed, target.picture, mask), face, mask, plan);
}

}  // namespace dfd
