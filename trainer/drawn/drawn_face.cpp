// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/drawn_face.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace dfd {
namespace {

constexpr double kMiddle = kFacePicture / 2.0;

double between(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random() >> 11) / 9007199254740992.0);  // 2^53
}

cv::Scalar mix(const cv::Scalar& a, const cv::Scalar& b, double part) {
  return a * (1 - part) + b * part;
}

// Draws with sub-pixel positions: OpenCV's shift is 4 bits here.
class Pen {
 public:
  explicit Pen(cv::Mat& picture) : picture_(picture) {}

  void ellipse(double x, double y, double width, double height, const cv::Scalar& color,
               int thickness = cv::FILLED, double from = 0, double to = 360) {
    constexpr int kShift = 4;
    const auto fixed = [](double value) { return cvRound(value * (1 << kShift)); };
    cv::ellipse(picture_, {fixed(x), fixed(y)},
                {std::max(1, fixed(width / 2)), std::max(1, fixed(height / 2))}, 0, from, to, color,
                thickness, cv::LINE_AA, kShift);
  }

  // A soft spot: shade blended with a Gaussian fall-off. Works on its surroundings only.
  void shade(double x, double y, double width, double height, const cv::Scalar& color,
             double strength) {
    const double sigma = std::max(1.0, std::min(width, height) / 4);
    const double reach = 3 * sigma;
    const cv::Rect2d around(x - width / 2 - reach, y - height / 2 - reach, width + 2 * reach,
                            height + 2 * reach);
    const cv::Rect part = cv::Rect(around) & cv::Rect({}, picture_.size());
    if (part.empty()) return;
    cv::Mat mask(part.size(), CV_32F, cv::Scalar(0));
    Pen(mask).ellipse(x - part.x, y - part.y, width, height, cv::Scalar(strength));
    cv::GaussianBlur(mask, mask, {}, sigma);
    cv::Mat target = picture_(part);
    blend_colors(target, cv::Mat(part.size(), CV_8UC3, color), mask);
  }

 private:
  cv::Mat& picture_;
};

// Skin: smooth blotches and fine pores, the same for one identity always.
cv::Mat skin_texture(std::uint64_t seed) {
  cv::RNG random(seed);
  cv::Mat sum(kFacePicture, kFacePicture, CV_32F, cv::Scalar(0));
  for (const double sigma : {1.0, 3.0, 9.0}) {
    cv::Mat noise(sum.size(), CV_32F);
    random.fill(noise, cv::RNG::NORMAL, 0, 1);
    cv::GaussianBlur(noise, noise, {}, sigma);
    cv::Mat mean;
    cv::Mat deviation;
    cv::meanStdDev(noise, mean, deviation);
    sum += noise / deviation.at<double>(0) * 3.0;  // Levels of 255.
  }
  return sum;
}

// Adds the skin's texture, and light from one side that falls off towards the rim of the head.
void light_head(cv::Mat& rgb, const cv::Mat& texture, double light, double head_width,
                double head_height) {
  for (int y = 0; y < rgb.rows; ++y) {
    auto* row = rgb.ptr<cv::Vec3b>(y);
    const auto* skin = texture.ptr<float>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      const double u = (x - kMiddle) / (head_width / 2);
      const double v = (y - kMiddle) / (head_height / 2);
      const double rim = std::clamp(u * u + v * v, 0.0, 1.2);
      const double factor = 1.06 - 0.22 * rim + 0.16 * light * u - 0.05 * v;
      for (int c = 0; c < 3; ++c)
        row[x][c] = cv::saturate_cast<uchar>((row[x][c] + skin[x]) * factor);
    }
  }
}

}  // namespace

void blend_colors(cv::Mat& picture, const cv::Mat& over, const cv::Mat& mask) {
  DFD_CHECK(picture.size() == over.size() && picture.size() == mask.size());
  for (int y = 0; y < picture.rows; ++y) {
    auto* out = picture.ptr<cv::Vec3b>(y);
    const auto* in = over.ptr<cv::Vec3b>(y);
    const auto* weight = mask.ptr<float>(y);
    for (int x = 0; x < picture.cols; ++x) {
      if (weight[x] <= 0) continue;
      for (int c = 0; c < 3; ++c) {
        const auto old = static_cast<float>(out[x][c]);
        out[x][c] =
            cv::saturate_cast<uchar>(old + (static_cast<float>(in[x][c]) - old) * weight[x]);
      }
    }
  }
}

Identity random_identity(std::uint64_t seed) {
  std::mt19937_64 random(seed * 7919 + 17);
  Identity identity;
  identity.skin = mix({247, 212, 186}, {112, 74, 52}, between(random, 0.05, 0.75));
  identity.skin +=
      cv::Scalar(between(random, -8, 8), between(random, -8, 8), between(random, -8, 8));
  identity.hair = mix({28, 20, 16}, {176, 132, 72}, between(random, 0, 1));
  identity.iris = mix({60, 38, 22}, {92, 122, 150}, between(random, 0, 1));
  identity.lips = mix(identity.skin, {170, 60, 66}, between(random, 0.4, 0.8));
  identity.jaw = between(random, 0.90, 1.08);
  identity.eye_distance = between(random, 0.93, 1.07);
  identity.eye_size = between(random, 0.88, 1.14);
  identity.nose = between(random, 0.85, 1.2);
  identity.mouth = between(random, 0.85, 1.18);
  identity.brow = between(random, 0.7, 1.4);
  identity.texture = random();
  return identity;
}

FaceArtist::FaceArtist(const Identity& identity)
    : identity_(identity), texture_(skin_texture(identity.texture)) {}

DrawnFace FaceArtist::draw(const Expression& expression) const {
  const Identity& identity = identity_;
  DrawnFace face;
  face.rgb = cv::Mat(kFacePicture, kFacePicture, CV_8UC3, mix(identity.skin, {40, 30, 30}, 0.35));
  Pen pen(face.rgb);
  const double width = 132 * identity.jaw;
  const double height = 178;
  // Turning the head moves what lies in front of it.
  const double dx = expression.yaw * 9;
  const double dy = expression.pitch * 7;
  const cv::Scalar dark = mix(identity.skin, {45, 22, 18}, 0.55);

  pen.ellipse(kMiddle, kMiddle + 92, 74, 90, mix(identity.skin, {60, 40, 36}, 0.25));  // Neck.
  pen.ellipse(kMiddle, kMiddle - 14, width + 20, height + 8, identity.hair);
  for (const double side : {-1.0, 1.0}) {
    pen.ellipse(kMiddle + side * width / 2 - dx * 0.3, kMiddle + 2, 18, 40,
                mix(identity.skin, dark, 0.25));
  }
  pen.ellipse(kMiddle, kMiddle + 6, width, height - 6, identity.skin);
  pen.ellipse(kMiddle + dx * 0.4, kMiddle - 74 + dy * 0.3, width * 0.92, 52, identity.hair);
  pen.shade(kMiddle + dx * 0.5, kMiddle - 40 + dy, width * 0.7, 34, {255, 240, 225}, 0.18);

  const double eye_y = kMiddle - 18 + dy;
  const double eye_x = 31 * identity.eye_distance;
  for (const double side : {-1.0, 1.0}) {
    const double x = kMiddle + side * eye_x + dx;
    const double open = 15 * identity.eye_size * (1 - 0.85 * expression.blink);
    pen.shade(x, eye_y, 44, 30, dark, 0.55);  // Socket.
    pen.ellipse(x, eye_y, 29 * identity.eye_size, std::max(3.0, open), {238, 236, 232});
    if (open > 6) {
      const double iris = 13 * identity.eye_size;
      pen.ellipse(x + dx * 0.15, eye_y, iris, std::min(iris, open), identity.iris);
      pen.ellipse(x + dx * 0.15, eye_y, iris * 0.5, std::min(iris * 0.5, open), {12, 10, 10});
      pen.ellipse(x + dx * 0.15 + 2, eye_y - 2, 3, 3, {250, 250, 250});
    }
    pen.ellipse(x, eye_y, 30 * identity.eye_size, std::max(3.0, open) + 2,
                mix(dark, {0, 0, 0}, 0.4), 2, 180, 360);
    pen.ellipse(x, eye_y - 15, 38, 14 * identity.brow, mix(identity.hair, dark, 0.3), 5, 195, 345);
    pen.shade(x + side * 4, eye_y + 42, 38, 30, mix(identity.skin, {225, 110, 100}, 0.5), 0.25);
  }

  const double nose_y = kMiddle + 22 + dy * 1.2;
  const double nose_x = kMiddle + dx * 1.5;
  pen.shade(nose_x - 9 * identity.nose, nose_y - 14, 10, 50, dark, 0.38);
  pen.shade(nose_x + 9 * identity.nose, nose_y - 14, 10, 50, dark, 0.38);
  pen.shade(nose_x, nose_y - 12, 10, 46, {255, 244, 232}, 0.30);
  pen.shade(nose_x, nose_y + 8, 34 * identity.nose, 12, dark, 0.75);
  for (const double side : {-1.0, 1.0}) {
    pen.ellipse(nose_x + side * 7 * identity.nose, nose_y + 6, 7, 4, mix(dark, {0, 0, 0}, 0.5));
  }

  const double mouth_y = kMiddle + 53 + dy;
  const double mouth_x = kMiddle + dx;
  const double mouth_width = 48 * identity.mouth;
  const double gap = 14 * expression.mouth;
  pen.shade(mouth_x, mouth_y + 15 + gap / 2, mouth_width * 0.8, 9, dark, 0.45);
  pen.ellipse(mouth_x, mouth_y, mouth_width, 15 + gap, identity.lips);
  pen.ellipse(mouth_x, mouth_y, mouth_width * 0.92, 3 + gap, {52, 18, 20});

  light_head(face.rgb, texture_, expression.light, width + 20, height + 8);

  face.alpha = cv::Mat(kFacePicture, kFacePicture, CV_32F, cv::Scalar(0));
  Pen alpha(face.alpha);
  alpha.ellipse(kMiddle, kMiddle + 92, 74, 90, cv::Scalar(1));
  alpha.ellipse(kMiddle, kMiddle - 14, width + 20, height + 8, cv::Scalar(1));
  alpha.ellipse(kMiddle, kMiddle + 6, width + 14, height - 6, cv::Scalar(1));
  cv::GaussianBlur(face.alpha, face.alpha, {}, 1.2);

  const auto point = [](double x, double y) {
    return PointF{static_cast<float>(x), static_cast<float>(y)};
  };
  face.landmarks = {point(kMiddle - eye_x + dx, eye_y), point(kMiddle + eye_x + dx, eye_y),
                    point(nose_x, nose_y), point(mouth_x - mouth_width / 2, mouth_y),
                    point(mouth_x + mouth_width / 2, mouth_y)};
  face.box = {static_cast<float>(kMiddle - width / 2 + dx * 0.5),
              static_cast<float>(kMiddle - 66 + dy * 0.5), static_cast<float>(width),
              static_cast<float>(158)};
  return face;
}

cv::Mat inner_face_mask(const DrawnFace& face, double softness) {
  cv::Mat mask(kFacePicture, kFacePicture, CV_32F, cv::Scalar(0));
  const double x = (face.landmarks[0].x + face.landmarks[1].x) / 2;
  const double y = (face.landmarks[0].y + face.landmarks[3].y) / 2;
  Pen(mask).ellipse(x, y + 2, 106, 118, cv::Scalar(1));
  if (softness > 0) cv::GaussianBlur(mask, mask, {}, softness);
  return mask;
}

}  // namespace dfd
