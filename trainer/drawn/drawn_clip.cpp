// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/drawn_clip.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "data/random.h"
#include "drawn/drawn_face.h"
#include "drawn/forgeries.h"

namespace dfd {
namespace {

// A slow movement: two sines of random pace.
struct Sway {
  double size, pace_a, pace_b, phase_a, phase_b;

  Sway(Random& random, double amplitude)
      : size(amplitude),
        pace_a(random.between(0.15, 0.45)),
        pace_b(random.between(0.5, 1.0)),
        phase_a(random.between(0, 2 * CV_PI)),
        phase_b(random.between(0, 2 * CV_PI)) {}

  double at(double seconds) const {
    return size * (0.7 * std::sin(2 * CV_PI * pace_a * seconds + phase_a) +
                   0.3 * std::sin(2 * CV_PI * pace_b * seconds + phase_b));
  }
};

cv::Mat draw_background(Random& random) {
  const cv::Size size(kSynthesisWidth, kSynthesisHeight);
  cv::Mat picture(size, CV_8UC3, random.color());
  for (int i = 0; i < 14; ++i) {
    const cv::Point corner(cvRound(random.between(-40, size.width)),
                           cvRound(random.between(-40, size.height)));
    const cv::Size extent(cvRound(random.between(20, 140)), cvRound(random.between(20, 140)));
    if (i % 2 == 0) {
      cv::rectangle(picture, {corner, extent}, random.color(), cv::FILLED);
    } else {
      cv::ellipse(picture, corner, extent / 2, random.between(0, 180), 0, 360, random.color(),
                  cv::FILLED, cv::LINE_AA);
    }
  }
  cv::GaussianBlur(picture, picture, {}, 4);  // Out of focus.
  return picture;
}

// What a clip's camera does to every frame, forged or not.
struct Camera {
  double blur, noise, gain;

  explicit Camera(Random& random)
      : blur(random.between(0.3, 0.9)),
        noise(random.between(1, 4)),
        gain(random.between(0.94, 1.06)) {}

  void apply(cv::Mat& picture, Random& random) const {
    cv::GaussianBlur(picture, picture, {}, blur);
    cv::Mat grain(picture.size(), CV_16SC3);
    random.rng().fill(grain, cv::RNG::NORMAL, 0, noise);
    cv::Mat exact;
    picture.convertTo(exact, CV_16S, gain);
    exact += grain;
    exact.convertTo(picture, CV_8U);
  }
};

struct Pose {
  double size, angle, x, y;

  cv::Matx23d matrix() const {
    const double scale = size / kFacePicture;
    const double c = scale * std::cos(angle);
    const double s = scale * std::sin(angle);
    const double m = kFacePicture / 2.0;
    return {c, -s, x - c * m + s * m, s, c, y - s * m - c * m};
  }
};

PointF moved(const cv::Matx23d& matrix, const PointF& point) {
  return {static_cast<float>(matrix(0, 0) * point.x + matrix(0, 1) * point.y + matrix(0, 2)),
          static_cast<float>(matrix(1, 0) * point.x + matrix(1, 1) * point.y + matrix(1, 2))};
}

FrameTruth truth_of(const DrawnFace& face, const Pose& pose) {
  const cv::Matx23d matrix = pose.matrix();
  FrameTruth truth;
  for (std::size_t i = 0; i < face.landmarks.size(); ++i) {
    truth.landmarks[i] = moved(matrix, face.landmarks[i]);
  }
  // Head rolls stay small, so the upright box around the turned centre is the face's.
  const auto scale = static_cast<float>(pose.size / kFacePicture);
  const PointF center =
      moved(matrix, {face.box.x + face.box.width / 2, face.box.y + face.box.height / 2});
  truth.box = {center.x - face.box.width * scale / 2, center.y - face.box.height * scale / 2,
               face.box.width * scale, face.box.height * scale};
  return truth;
}

void composite(cv::Mat& picture, const DrawnFace& face, const Pose& pose) {
  cv::Mat layer;
  cv::Mat alpha;
  cv::warpAffine(face.rgb, layer, pose.matrix(), picture.size(), cv::INTER_AREA,
                 cv::BORDER_REPLICATE);
  cv::warpAffine(face.alpha, alpha, pose.matrix(), picture.size(), cv::INTER_LINEAR,
                 cv::BORDER_CONSTANT, cv::Scalar(0));
  blend_colors(picture, layer, alpha);
}

}  // namespace

void draw_clip(const ClipPlan& plan, double seconds,
               const std::function<void(const cv::Mat&, const FrameTruth&)>& frame) {
  Random random(plan.scene);
  Random forger(plan.seed);
  const FaceArtist person(random_identity(static_cast<std::uint64_t>(plan.person)));
  const FaceArtist other(random_identity(static_cast<std::uint64_t>(plan.other_person)));
  const cv::Mat background = draw_background(random);
  const Camera camera(random);
  const double size = random.between(195, 245);  // Of the face's picture, in frame pixels.
  const double center_x = random.between(140, 180);
  const double center_y = random.between(122, 138);
  const double light = random.between(-0.6, 0.6);
  const Sway x(random, 8);
  const Sway y(random, 4);
  const Sway turn(random, 1);
  const Sway nod(random, 0.7);
  const Sway roll(random, 0.07);
  const Sway talk(random, 0.9);
  const double blink_pace = random.between(1.6, 3.2);

  const int frames = std::max(1, static_cast<int>(std::lround(seconds * kSynthesisFps)));
  for (int i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / kSynthesisFps;
    Expression expression;
    expression.yaw = turn.at(t);
    expression.pitch = nod.at(t);
    expression.mouth = std::max(0.0, talk.at(t * 4));
    expression.blink = std::fmod(t, blink_pace) < 0.12 ? 1 : 0;
    expression.light = light;
    DrawnFace face = person.draw(expression);
    const bool swap = plan.forgery == Forgery::kBlend || plan.forgery == Forgery::kFlicker;
    forge(face, swap ? other.draw(expression) : face, plan, forger);
    const Pose pose{size, roll.at(t), center_x + x.at(t), center_y + y.at(t)};
    cv::Mat picture = background.clone();
    composite(picture, face, pose);
    camera.apply(picture, random);
    frame(picture, truth_of(face, pose));
  }
}

}  // namespace dfd
