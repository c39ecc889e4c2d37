// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/synthesize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/file.h"
#include "data/video.h"
#include "drawn/drawn_face.h"

namespace dfd {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Clips of one person. Two, so that a person is never told by a single background.
constexpr int kClipsPerPerson = 2;

// OpenCV's generator: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : rng_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  double between(double low, double high) { return rng_.uniform(low, high); }
  double normal(double sigma) { return rng_.gaussian(sigma); }
  cv::Scalar color() { return {between(40, 215), between(40, 215), between(40, 215)}; }
  cv::RNG& rng() { return rng_; }

 private:
  cv::RNG rng_;
};

// A slow movement: two sines of random pace.
struct Sway {
  double size, pace_a, pace_b, phase_a, phase_b;

  Sway(Random& random, double amplitude)
      : size(amplitude),
        pace_a(random.between(0.15, 0.45)),
        pace_b(random.between(0.5, 1.0)),
        phase_a(random.between(0, 2 * kPi)),
        phase_b(random.between(0, 2 * kPi)) {}

  double at(double seconds) const {
    return size * (0.7 * std::sin(2 * kPi * pace_a * seconds + phase_a) +
                   0.3 * std::sin(2 * kPi * pace_b * seconds + phase_b));
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

cv::Mat shifted(const cv::Mat& picture, double x, double y) {
  const cv::Matx23d move(1, 0, x, 0, 1, y);
  cv::Mat moved;
  cv::warpAffine(picture, moved, move, picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return moved;
}

// Moves the pixels of the inner face in waves that change from frame to frame.
cv::Mat warped(const cv::Mat& picture, Random& random) {
  cv::Mat map_x(picture.size(), CV_32F);
  cv::Mat map_y(picture.size(), CV_32F);
  const double size = random.between(4, 9);
  const double phase = random.between(0, 2 * kPi);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      map_x.at<float>(y, x) = static_cast<float>(x + size * std::sin(y / 14.0 + phase));
      map_y.at<float>(y, x) = static_cast<float>(y + size * std::cos(x / 14.0 - phase));
    }
  }
  cv::Mat moved;
  cv::remap(picture, moved, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REFLECT);
  return moved;
}

cv::Mat rescaled(const cv::Mat& picture, Random& random) {
  const double factor = random.between(0.16, 0.28);
  cv::Mat small;
  cv::resize(picture, small, {}, factor, factor, cv::INTER_NEAREST);
  cv::Mat large;
  cv::resize(small, large, picture.size(), 0, 0, cv::INTER_LINEAR);
  return large;
}

// What a generator of few pixels makes of a face: smooth where skin has texture.
cv::Mat generated(const cv::Mat& picture) {
  constexpr double kFactor = 0.3;  // A face of 132 pixels from 40: a small network's.
  cv::Mat small;
  cv::resize(picture, small, {}, kFactor, kFactor, cv::INTER_AREA);
  cv::Mat large;
  cv::resize(small, large, picture.size(), 0, 0, cv::INTER_LINEAR);
  return large;
}

// Changes the inner face as the plan says. other: the same expression on another person.
void forge(DrawnFace& face, const DrawnFace& other, const ClipPlan& plan, Random& random) {
  const double x = random.normal(2);
  const double y = random.normal(2);
  switch (plan.forgery) {
    case Forgery::kNone:
      // Cut out and pasted back without blending: the act alone is no forgery.
      if (plan.pasted_back) blend_colors(face.rgb, face.rgb.clone(), inner_face_mask(face, 0));
      break;
    case Forgery::kBlend:
      blend_colors(face.rgb, shifted(generated(other.rgb), x, y), inner_face_mask(face, 5) * 0.95);
      break;
    case Forgery::kFlicker:
      blend_colors(face.rgb, generated(other.rgb) * random.between(0.8, 1.2),
                   inner_face_mask(face, 5) * random.between(0.3, 1));
      break;
    case Forgery::kWarp:
      blend_colors(face.rgb, warped(face.rgb, random), inner_face_mask(face, 8));
      break;
    case Forgery::kRescale:
      blend_colors(face.rgb, shifted(rescaled(face.rgb, random), x, y), inner_face_mask(face, 5));
      break;
  }
}

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

std::string two_part_name(int person, int clip) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "id%d_%04d.mp4", person, clip);
  return text.data();
}

std::string three_part_name(int person, int other, int clip) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "id%d_id%d_%04d.mp4", person, other, clip);
  return text.data();
}

nlohmann::json truth_line(const FrameTruth& truth) {
  nlohmann::json landmarks = nlohmann::json::array();
  for (const PointF& point : truth.landmarks) landmarks.push_back({point.x, point.y});
  return {
      {"box",
       {truth.box.x, truth.box.y, truth.box.x + truth.box.width, truth.box.y + truth.box.height}},
      {"landmarks", landmarks}};
}

}  // namespace

const char* to_string(Forgery forgery) {
  switch (forgery) {
    case Forgery::kNone:
      return "none";
    case Forgery::kBlend:
      return "blend";
    case Forgery::kFlicker:
      return "flicker";
    case Forgery::kWarp:
      return "warp";
    case Forgery::kRescale:
      return "rescale";
  }
  return "none";
}

std::vector<ClipPlan> plan_clips(const SynthesisOptions& options) {
  DFD_REQUIRE(options.clips >= 8, ErrorCode::kInvalidArgument,
              "clips " << options.clips << ": at least 8, or no kind of forgery can be learned");
  DFD_REQUIRE(options.seconds > 0 && options.seconds <= 60, ErrorCode::kInvalidArgument,
              "seconds " << options.seconds << ": expected (0, 60]");
  const int sources = options.clips * 9 / 20;  // Each is forged once.
  const int youtube = options.clips - 2 * sources;
  // People come in pairs that swap faces, so that a split by people loses no clip.
  const int people = (sources + 2 * kClipsPerPerson - 1) / (2 * kClipsPerPerson) * 2;
  const int test_people = std::max(2, people / 8 * 2);  // A quarter is in the test list.
  const auto is_test = [&](int person) { return person >= people - test_people; };

  std::vector<ClipPlan> plans;
  const auto add = [&](ClipPlan plan) {
    plan.seed = options.seed * 1000003 + plans.size();
    if (plan.scene == 0) plan.scene = plan.seed;
    plans.push_back(std::move(plan));
  };
  const auto offset = static_cast<int>(options.seed % 100000) * 1000;
  for (int i = 0; i < sources; ++i) {
    ClipPlan plan;
    const int person = i / kClipsPerPerson;
    plan.person = offset + person;
    plan.file = "Celeb-real/" + two_part_name(person, i % kClipsPerPerson);
    plan.pasted_back = i % 2 == 0;
    plan.test = is_test(person);
    add(plan);
  }
  for (int i = 0; i < youtube; ++i) {
    ClipPlan plan;
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "YouTube-real/%05d.mp4", i);
    plan.file = name.data();
    plan.person = offset + 500 + i;  // Nobody of the others.
    plan.pasted_back = i % 2 == 0;
    plan.test = i % 3 == 2;
    add(plan);
  }
  constexpr std::array kTrained{Forgery::kBlend, Forgery::kFlicker, Forgery::kWarp};
  std::size_t trained = 0;
  std::size_t tested = 0;
  for (int source = 0; source < sources; ++source) {
    ClipPlan plan;
    const int person = source / kClipsPerPerson;
    plan.test = is_test(person);
    plan.scene = plans[static_cast<std::size_t>(source)].scene;
    const int other = person % 2 == 0 ? person + 1 : person - 1;
    plan.person = offset + person;
    plan.other_person = offset + other;
    plan.file = "Celeb-synthesis/" + three_part_name(person, other, source % kClipsPerPerson);
    if (!plan.test) {
      plan.forgery = kTrained[trained++ % kTrained.size()];
    } else {
      // Every fourth is of the kind that was left out.
      plan.forgery = tested % 4 == 3 ? Forgery::kRescale : kTrained[tested % 4];
      ++tested;
    }
    add(plan);
  }
  return plans;
}

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

void synthesize(const SynthesisOptions& options, const std::function<void(int, int)>& progress) {
  namespace fs = std::filesystem;
  // The pictures are small: OpenCV's threads would cost more than they do.
  cv::setNumThreads(1);
  const std::vector<ClipPlan> plans = plan_clips(options);
  for (const char* folder : {"Celeb-real", "Celeb-synthesis", "YouTube-real"}) {
    std::error_code error;
    fs::create_directories(fs::path(options.output) / folder, error);
    DFD_REQUIRE(!error, ErrorCode::kIo,
                options.output << "/" << folder << ": cannot be made: " << error.message());
  }
  const auto path = [&](const char* name) { return (fs::path(options.output) / name).string(); };
  // What an older set says of its clips is not true of these.
  for (const char* name : {"truth.jsonl", "List_of_testing_videos.txt"}) fs::remove(path(name));
  std::ostringstream list;
  std::ostringstream truth;
  int done = 0;
  for (const ClipPlan& plan : plans) {
    EncoderSettings encoder;
    encoder.size = {kSynthesisWidth, kSynthesisHeight};
    encoder.fps = kSynthesisFps;
    encoder.quantizer = 18 + static_cast<int>(plan.scene % 7);  // A forgery keeps its source's.
    VideoWriter writer(path(plan.file.c_str()), encoder);
    nlohmann::json frames = nlohmann::json::array();
    draw_clip(plan, options.seconds, [&](const cv::Mat& picture, const FrameTruth& frame) {
      writer.write(picture);
      frames.push_back(truth_line(frame));
    });
    writer.close();
    // Celeb-DF's list: 1 is real, 0 is fake.
    if (plan.test) list << (plan.forgery == Forgery::kNone ? 1 : 0) << ' ' << plan.file << '\n';
    truth << nlohmann::json{{"file", plan.file},
                            {"kind", to_string(plan.forgery)},
                            {"pasted_back", plan.pasted_back},
                            {"frames", frames}}
                 .dump()
          << '\n';
    progress(++done, static_cast<int>(plans.size()));
  }
  replace_file(path("truth.jsonl"), [&](std::ostream& out) { out << truth.str(); });
  replace_file(path("List_of_testing_videos.txt"), [&](std::ostream& out) { out << list.str(); });
}

}  // namespace dfd
