// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/face_mask.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace dfd {
namespace {

using Outline = std::vector<cv::Point2d>;

// The landmarks of a frontal face in parts of its square: kTemplate of backbone/input.cpp, by which
// serving cuts aligned crops.
constexpr std::array<std::array<double, 2>, 5> kUsual{
    {{0.34, 0.46}, {0.66, 0.46}, {0.5, 0.64}, {0.37, 0.82}, {0.63, 0.82}}};

// Masks are made in a grid of so many places a side: finer is lost in their blur.
constexpr int kGrid = 128;

// Less of a part than this inside of the picture is no forgery of that part.
constexpr double kLeastVisible = 0.4;

// The right half of an outline is enough, from top to bottom: x is counted from the middle.
Outline mirrored(const Outline& right) {
  Outline outline;
  for (const cv::Point2d& point : right) outline.emplace_back(0.5 + point.x, point.y);
  for (auto point = right.rbegin(); point != right.rend(); ++point) {
    if (point->x > 0) outline.emplace_back(0.5 - point->x, point->y);
  }
  return outline;
}

// Measures of a mean head (pupils 63 mm apart; hairline 66 mm above them; mouth 68 mm and chin 114
// mm below; cheekbones 137 mm apart, jaw 105 mm), a little inside of its edge, where the pupils are
// 0.32 apart.
Outline whole_face() {
  return mirrored({{0, 0.11},
                   {0.09, 0.115},
                   {0.175, 0.135},
                   {0.235, 0.17},
                   {0.28, 0.225},
                   {0.31, 0.29},
                   {0.325, 0.37},
                   {0.33, 0.45},
                   {0.325, 0.54},
                   {0.31, 0.64},
                   {0.285, 0.74},
                   {0.255, 0.83},
                   {0.22, 0.905},
                   {0.175, 0.97},
                   {0.12, 1.015},
                   {0.06, 1.04},
                   {0, 1.045}});
}

Outline no_forehead() {
  return mirrored({{0, 0.36},
                   {0.06, 0.335},
                   {0.13, 0.32},
                   {0.2, 0.325},
                   {0.26, 0.345},
                   {0.31, 0.385},
                   {0.33, 0.45},
                   {0.325, 0.54},
                   {0.31, 0.64},
                   {0.285, 0.74},
                   {0.255, 0.83},
                   {0.22, 0.905},
                   {0.175, 0.97},
                   {0.12, 1.015},
                   {0.06, 1.04},
                   {0, 1.045}});
}

Outline inner_face() {
  return mirrored({{0, 0.4},
                   {0.06, 0.385},
                   {0.13, 0.375},
                   {0.19, 0.385},
                   {0.235, 0.42},
                   {0.25, 0.47},
                   {0.245, 0.54},
                   {0.23, 0.62},
                   {0.215, 0.7},
                   {0.2, 0.78},
                   {0.18, 0.85},
                   {0.14, 0.9},
                   {0.08, 0.925},
                   {0, 0.93}});
}

Outline lower_face() {
  return mirrored({{0, 0.63},
                   {0.06, 0.63},
                   {0.13, 0.64},
                   {0.2, 0.655},
                   {0.27, 0.68},
                   {0.3, 0.69},
                   {0.285, 0.74},
                   {0.255, 0.83},
                   {0.22, 0.905},
                   {0.175, 0.97},
                   {0.12, 1.015},
                   {0.06, 1.04},
                   {0, 1.045}});
}

Outline ellipse(const cv::Point2d& middle, double across, double down) {
  constexpr int kPoints = 32;
  Outline outline;
  for (int i = 0; i < kPoints; ++i) {
    const double angle = 2 * CV_PI * i / kPoints;
    outline.emplace_back(middle.x + across * std::cos(angle), middle.y + down * std::sin(angle));
  }
  return outline;
}

std::vector<Outline> outlines_of(MaskKind kind) {
  switch (kind) {
    case MaskKind::kWholeFace:
      return {whole_face()};
    case MaskKind::kNoForehead:
      return {no_forehead()};
    case MaskKind::kInnerFace:
      return {inner_face()};
    case MaskKind::kLowerFace:
      return {lower_face()};
    case MaskKind::kMouth:
      return {ellipse({0.5, 0.82}, 0.19, 0.095)};
    case MaskKind::kEyes:
      return {ellipse({0.34, 0.455}, 0.12, 0.075), ellipse({0.66, 0.455}, 0.12, 0.075)};
  }
  DFD_CHECK(!"a mask's kind");
  return {};
}

// Points so near to each other that waves bend the edges between them.
Outline dense(const Outline& outline) {
  constexpr int kSteps = 4;
  Outline points;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const cv::Point2d& from = outline[i];
    const cv::Point2d& to = outline[(i + 1) % outline.size()];
    for (int step = 0; step < kSteps; ++step) {
      points.push_back(from + (to - from) * (step / static_cast<double>(kSteps)));
    }
  }
  return points;
}

// A shape of the unit square with its measures before anything moved it.
struct Shape {
  std::vector<Outline> outlines;
  cv::Rect2d box;     // Around all outlines.
  double extent = 0;  // The smaller one, of one outline.
};

Shape shape_of(MaskKind kind) {
  Shape shape;
  cv::Point2d first(1, 2);
  cv::Point2d last(0, 0);
  for (const Outline& outline : outlines_of(kind)) {
    cv::Point2d low = outline.front();
    cv::Point2d high = low;
    for (const cv::Point2d& point : outline) {
      low = {std::min(low.x, point.x), std::min(low.y, point.y)};
      high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    }
    shape.extent = std::min(high.x - low.x, high.y - low.y);
    first = {std::min(first.x, low.x), std::min(first.y, low.y)};
    last = {std::max(last.x, high.x), std::max(last.y, high.y)};
    shape.outlines.push_back(dense(outline));
  }
  shape.box = {first, last};
  return shape;
}

void move_shape(Shape& shape, const MaskPlan& plan) {
  const cv::Point2d middle = (shape.box.tl() + shape.box.br()) / 2;
  const double cosine = std::cos(plan.turn * CV_PI / 180);
  const double sine = std::sin(plan.turn * CV_PI / 180);
  for (Outline& outline : shape.outlines) {
    for (cv::Point2d& point : outline) {
      const cv::Point2d away = point - middle;
      const cv::Point2d at(away.x / shape.box.width, away.y / shape.box.height);
      cv::Point2d moved(away.x * plan.scale.x, away.y * plan.scale.y);
      for (const MaskWave& wave : plan.waves) {
        const double angle = 2 * CV_PI * (at.x * wave.cycles.x + at.y * wave.cycles.y);
        moved += wave.direction * (shape.extent * std::sin(angle + wave.phase));
      }
      point = middle + plan.shift +
              cv::Point2d(moved.x * cosine - moved.y * sine, moved.x * sine + moved.y * cosine);
    }
  }
}

// A shape as pixels, and how much of its area lies in the grid, in [0, 1].
struct Drawn {
  cv::Mat mask;  // CV_8UC1 [kGrid, kGrid]
  double visible = 0;
};

Drawn draw_shape(const Shape& shape, const cv::Matx23d& to_grid) {
  constexpr int kShift = 4;  // Sixteenths of a pixel.
  Drawn drawn{cv::Mat(kGrid, kGrid, CV_8UC1, cv::Scalar(0)), 0};
  double area = 0;
  for (const Outline& outline : shape.outlines) {
    Outline placed;
    cv::transform(outline, placed, to_grid);
    std::vector<cv::Point> points;
    std::vector<cv::Point2f> exact;
    for (const cv::Point2d& point : placed) {
      exact.emplace_back(point);
      // OpenCV counts from the middle of the first pixel.
      points.emplace_back(cvRound((point.x - 0.5) * (1 << kShift)),
                          cvRound((point.y - 0.5) * (1 << kShift)));
    }
    area += cv::contourArea(exact);
    cv::fillPoly(drawn.mask, std::vector<std::vector<cv::Point>>{points}, cv::Scalar(255),
                 cv::LINE_AA, kShift);
  }
  drawn.visible = cv::sum(drawn.mask)[0] / 255 / std::max(area, 1e-9);
  return drawn;
}

// By its greatest value, so that 1 is somewhere.
void normalize(cv::Mat& mask) {
  double most = 0;
  cv::minMaxLoc(mask, nullptr, &most);
  DFD_CHECK(most > 0);
  mask *= 1 / most;
}

cv::Mat soften(const cv::Mat& drawn, double first_sigma, double second_sigma) {
  constexpr double kLeastSigma = 0.3;  // Below, OpenCV's kernel has one weight.
  // Not 1, as in the paper: how far a blur's last bit reaches depends on its kernel's size.
  constexpr double kInside = 0.95;
  cv::Mat mask;
  drawn.convertTo(mask, CV_32F, 1 / 255.0);
  cv::GaussianBlur(mask, mask, {}, std::max(first_sigma, kLeastSigma), 0, cv::BORDER_REPLICATE);
  normalize(mask);
  mask.setTo(0, mask < kInside);
  cv::GaussianBlur(mask, mask, {}, std::max(second_sigma, kLeastSigma), 0, cv::BORDER_REPLICATE);
  normalize(mask);
  // The endless feet of the bell: no pixel shows them, but the mask's support would.
  constexpr double kFoot = 0.02;
  mask = (mask - kFoot) * (1 / (1 - kFoot));
  mask.setTo(0, mask < 0);
  return mask;
}

}  // namespace

const char* to_string(MaskKind kind) noexcept {
  switch (kind) {
    case MaskKind::kWholeFace:
      return "whole face";
    case MaskKind::kNoForehead:
      return "no forehead";
    case MaskKind::kInnerFace:
      return "inner face";
    case MaskKind::kLowerFace:
      return "lower face";
    case MaskKind::kMouth:
      return "mouth";
    case MaskKind::kEyes:
      return "eyes";
  }
  return "unknown";
}

MaskPlan draw_mask(MaskKind kind, Random& random) {
  MaskPlan plan;
  plan.kind = kind;
  // What landmarks are off by, and forgers too: more, and the mask leaves the face.
  plan.shift.x = random.between(-0.025, 0.025);
  plan.shift.y = random.between(-0.025, 0.025);
  plan.scale.x = random.between(0.9, 1.08);
  plan.scale.y = random.between(0.9, 1.05);
  plan.turn = random.between(-4, 4);
  for (MaskWave& wave : plan.waves) {
    const double angle = random.between(0, 2 * CV_PI);
    const double amplitude = random.between(0, 0.025);
    wave.direction = {amplitude * std::cos(angle), amplitude * std::sin(angle)};
    wave.cycles.x = random.between(-1.5, 1.5);
    wave.cycles.y = random.between(-1.5, 1.5);
    wave.phase = random.between(0, 2 * CV_PI);
  }
  // The paper's kernels of 5 to 25 pixels, seen on a face of 100 to 200.
  plan.first_blur = random.between(0.01, 0.06);
  plan.second_blur = random.between(0.01, 0.08);
  return plan;
}

cv::Matx23d face_to_picture(const FaceLandmarks& landmarks) {
  cv::Point2d from_mean(0, 0);
  cv::Point2d to_mean(0, 0);
  const auto count = static_cast<double>(landmarks.size());
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    from_mean += cv::Point2d(kUsual[i][0], kUsual[i][1]) / count;
    to_mean += cv::Point2d(landmarks[i].x, landmarks[i].y) / count;
  }
  // As complex numbers: the factor is the sum of conjugate products over the sum of squares.
  double squares = 0;
  cv::Point2d factor(0, 0);
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    const cv::Point2d from = cv::Point2d(kUsual[i][0], kUsual[i][1]) - from_mean;
    const cv::Point2d to = cv::Point2d(landmarks[i].x, landmarks[i].y) - to_mean;
    squares += from.dot(from);
    factor += cv::Point2d(from.dot(to), from.cross(to));
  }
  factor /= squares;
  const cv::Point2d shift(to_mean.x - factor.x * from_mean.x + factor.y * from_mean.y,
                          to_mean.y - factor.y * from_mean.x - factor.x * from_mean.y);
  const cv::Matx23d similarity(factor.x, -factor.y, shift.x, factor.y, factor.x, shift.y);
  const double side = side_of(similarity);
  DFD_REQUIRE(std::isfinite(side) && side >= 1 && cv::checkRange(similarity),
              ErrorCode::kInvalidArgument,
              "landmarks of a face of " << side << " pixels; give them as usual_landmarks() does "
                                        << "where none were found");
  return similarity;
}

double side_of(const cv::Matx23d& similarity) {
  return std::hypot(similarity(0, 0), similarity(1, 0));
}

cv::Mat face_mask(const MaskPlan& plan, const FaceLandmarks& landmarks, int size) {
  DFD_REQUIRE(size > 0, ErrorCode::kInvalidArgument,
              "face_mask: a picture of " << size << " pixels");
  const cv::Matx23d to_grid = face_to_picture(landmarks) * (static_cast<double>(kGrid) / size);
  const double side = side_of(to_grid);
  // Ten times the picture shows skin without an edge; the drawing's whole numbers end far above.
  DFD_REQUIRE(side <= 10 * kGrid && std::abs(to_grid(0, 2)) <= 100 * kGrid &&
                  std::abs(to_grid(1, 2)) <= 100 * kGrid,
              ErrorCode::kInvalidArgument,
              "landmarks of a face that does not belong to a picture of " << size << " pixels");
  Shape shape = shape_of(plan.kind);
  move_shape(shape, plan);
  Drawn drawn = draw_shape(shape, to_grid);
  if (plan.kind != MaskKind::kWholeFace && drawn.visible < kLeastVisible) {
    MaskPlan whole = plan;
    whole.kind = MaskKind::kWholeFace;
    return face_mask(whole, landmarks, size);
  }
  DFD_REQUIRE(cv::countNonZero(drawn.mask) > 0, ErrorCode::kInvalidArgument,
              "the landmarks' face lies outside of its picture of " << size << " pixels");
  const double extent = shape.extent * side;
  cv::Mat mask = soften(drawn.mask, plan.first_blur * extent, plan.second_blur * extent);
  // Averaged when it becomes smaller: a small face's eyes must not fall between the pixels.
  cv::resize(mask, mask, {size, size}, 0, 0, size < kGrid ? cv::INTER_AREA : cv::INTER_LINEAR);
  normalize(mask);
  return mask;
}

cv::Mat mixed_by(const cv::Mat& mask, const cv::Mat& real, const cv::Mat& source) {
  cv::Mat fake(real.size(), CV_8UC3);
  for (int y = 0; y < real.rows; ++y) {
    const auto* part = mask.ptr<float>(y);
    const auto* from = real.ptr<cv::Vec3b>(y);
    const auto* to = source.ptr<cv::Vec3b>(y);
    auto* out = fake.ptr<cv::Vec3b>(y);
    for (int x = 0; x < real.cols; ++x) {
      for (int i = 0; i < 3; ++i) {
        const float difference = static_cast<float>(to[x][i] - from[x][i]);
        out[x][i] =
            static_cast<uchar>(static_cast<float>(from[x][i]) + part[x] * difference + 0.5F);
      }
    }
  }
  return fake;
}

FaceLandmarks usual_landmarks(double box_side, int size) {
  DFD_REQUIRE(box_side > 0 && std::isfinite(box_side) && size > 0, ErrorCode::kInvalidArgument,
              "usual_landmarks: a face of " << box_side << " pixels in a picture of " << size);
  FaceLandmarks landmarks;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    landmarks[i] = {static_cast<float>((kUsual[i][0] - 0.5) * box_side + size / 2.0),
                    static_cast<float>((kUsual[i][1] - 0.5) * box_side + size / 2.0)};
  }
  return landmarks;
}

}  // namespace dfd
