// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/robustness.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "data/clip_files.h"
#include "data/random.h"
#include "data/read_or_say.h"
#include "detector/report.h"
#include "judging/figures.h"
#include "judging/metrics.h"
#include "judging/numbers.h"
#include "samples/degrade.h"
#include "samples/recoded.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;
using Change = std::function<cv::Mat(const cv::Mat& rgb)>;

constexpr std::string_view kUndisturbed = "none";
constexpr std::string_view kVideo = "h264";
// Of a single picture any rate gives the same.
constexpr int kPictureFps = 25;

// One way of getting worse.
struct Curve {
  std::string_view change;
  const char* words;   // What its level is.
  double undisturbed;  // The level that changes least, where an axis shows undisturbed clips.
  int digits;          // Of a level, behind the point.
  std::vector<double> levels;
  Change (*at)(double level);
};

Change jpeg(double quality) {
  return [=](const cv::Mat& rgb) { return through_jpeg(rgb, {static_cast<int>(quality), {0, 0}}); };
}

Change scale(double factor) {
  // As players and services do: areas on the way down, bicubic upwards.
  return [=](const cv::Mat& rgb) {
    return rescaled(rgb, {factor, cv::INTER_AREA, cv::INTER_CUBIC});
  };
}

Change blur(double sigma) {
  return [=](const cv::Mat& rgb) { return blurred(rgb, {sigma, 0, 0}); };
}

// Of single pictures.
Change h264(double quantizer) {
  return [=](const cv::Mat& rgb) {
    return through_h264({rgb}, static_cast<int>(quantizer), kPictureFps).front();
  };
}

// Levels from what nobody sees to what few services would deliver.
const std::vector<Curve>& curves() {
  static const std::vector<Curve> kCurves{
      {"jpeg", "JPEG quality", 100, 0, {90, 70, 50, 30}, jpeg},
      {"scale", "scale", 1, 2, {0.75, 0.5, 0.35}, scale},
      {"blur", "blur, sigma in pixels", 0, 0, {1, 2, 3}, blur},
      {kVideo, "H.264 quantizer", 0, 0, {23, 30, 37, 44}, h264},
  };
  return kCurves;
}

std::string name_of(const Curve& curve, double level) {
  return std::string(curve.words) + " " + fixed(level, curve.digits);
}

ClipScore play_changed(const Clip& clip, const Curve& curve, double level,
                       const std::shared_ptr<Engine>& engine, PlayOptions options) {
  if (curve.change == kVideo && !is_picture(clip.path)) {
    const RecodedVideo video(clip.path, static_cast<int>(level));
    Clip recoded = clip;
    recoded.path = video.path();
    return play_clip(recoded, engine, options);
  }
  options.change = curve.at(level);
  return play_clip(clip, engine, options);
}

std::optional<double> mean_probability(const std::vector<ClipScore>& scores, bool fake) {
  double sum = 0;
  int count = 0;
  for (const ClipScore& score : scores) {
    if (score.fake != fake || !score.probability) continue;
    sum += *score.probability;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

RobustnessPoint point_of(std::string_view change, std::optional<double> level,
                         const std::vector<ClipScore>& scores) {
  RobustnessPoint point;
  point.change = change;
  point.level = level;
  std::vector<Ranked> in_rank;
  for (const ClipScore& score : scores) {
    in_rank.push_back(ranked(score));
    point.unscored += score.probability ? 0 : 1;
  }
  point.auc = area_under(Ranking(in_rank).roc());
  point.real = mean_probability(scores, false);
  point.fake = mean_probability(scores, true);
  return point;
}

Json or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

}  // namespace

std::vector<std::size_t> robustness_clips(const std::vector<ClipScore>& scores, std::size_t most) {
  using Hashed = std::pair<std::uint64_t, std::size_t>;
  std::vector<Hashed> classes[2];
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].reason == to_string(Reason::kError)) continue;
    classes[scores[i].fake ? 1 : 0].emplace_back(mixed_seed(0, 0, 0, scores[i].file), i);
  }
  std::size_t each = most / 2;
  for (const auto& of_class : classes) {
    if (!of_class.empty()) each = std::min(each, of_class.size());
  }
  std::vector<std::size_t> chosen;
  for (auto& of_class : classes) {
    std::sort(of_class.begin(), of_class.end());
    of_class.resize(std::min(each, of_class.size()));
    for (const Hashed& one : of_class) chosen.push_back(one.second);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<RobustnessPoint> measure_robustness(const std::vector<Clip>& clips,
                                                const std::vector<ClipScore>& scores,
                                                const std::shared_ptr<Engine>& engine,
                                                const PlayOptions& options,
                                                const RobustnessProgress& progress) {
  DFD_REQUIRE(clips.size() == scores.size(), ErrorCode::kInvalidArgument,
              "as many scores as clips expected: " << clips.size() << " clips, " << scores.size()
                                                   << " scores");
  std::size_t changes = 0;
  for (const Curve& curve : curves()) changes += curve.levels.size();
  std::vector<RobustnessPoint> points{point_of(kUndisturbed, std::nullopt, scores)};
  int done = 0;
  for (const Curve& curve : curves()) {
    for (const double level : curve.levels) {
      std::vector<ClipScore> changed;
      for (const Clip& clip : clips) {
        changed.push_back(
            read_or_say([&] { return play_changed(clip, curve, level, engine, options); },
                        progress.say, "; without a score at " + name_of(curve, level))
                .value_or(unscored(clip)));
        progress.played(++done, static_cast<int>(changes * clips.size()));
      }
      points.push_back(point_of(curve.change, level, changed));
    }
  }
  return points;
}

Json to_json(const RobustnessPoint& point) {
  return {{"change", point.change},      {"level", or_null(point.level)},
          {"auc", or_null(point.auc)},   {"real", or_null(point.real)},
          {"fake", or_null(point.fake)}, {"unscored", point.unscored}};
}

std::string robustness_table(const std::vector<RobustnessPoint>& points) {
  constexpr std::size_t kNameWidth = 26;
  constexpr std::size_t kWidth = 10;
  const auto right = [=](const std::string& text) {
    return std::string(kWidth - std::min(kWidth, text.size()), ' ') + text;
  };
  const auto line = [&](std::string name, const std::vector<std::string>& cells) {
    name.resize(kNameWidth, ' ');
    for (const std::string& cell : cells) name += right(cell);
    return name + "\n";
  };
  const auto number = [](const std::optional<double>& value) {
    return value ? fixed(*value, 3) : std::string("-");
  };
  std::string text = line("when clips get worse", {"AUC", "mean real", "mean fake", "unscored"});
  for (const RobustnessPoint& point : points) {
    std::string name = "undisturbed";
    for (const Curve& curve : curves()) {
      if (point.change == curve.change && point.level) name = name_of(curve, *point.level);
    }
    text += line("  " + name, {number(point.auc), number(point.real), number(point.fake),
                               std::to_string(point.unscored)});
  }
  return text;
}

std::vector<Series> robustness_series(const std::vector<RobustnessPoint>& points) {
  std::vector<Series> all;
  if (points.empty()) return all;
  const auto add = [&](const Curve& curve, const char* name, const char* y_label,
                       std::optional<double> RobustnessPoint::*figure) {
    Series series;
    series.name = name;
    series.x_label =
        std::string(curve.words) + " (" + fixed(curve.undisturbed, 0) + ": undisturbed)";
    series.y_label = y_label;
    for (const RobustnessPoint& point : points) {
      if (point.change != kUndisturbed && point.change != curve.change) continue;
      series.x.push_back(point.level.value_or(curve.undisturbed));
      series.y.push_back((point.*figure).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    all.push_back(std::move(series));
  };
  for (const Curve& curve : curves()) {
    add(curve, "AUC", "AUC", &RobustnessPoint::auc);
    add(curve, "real clips", "mean probability", &RobustnessPoint::real);
    add(curve, "fake clips", "mean probability", &RobustnessPoint::fake);
  }
  return all;
}

}  // namespace dfd
