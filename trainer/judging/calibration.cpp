// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "base/check.h"
#include "judging/intervals.h"
#include "judging/metrics.h"

namespace dfd {
namespace {

// What a model file takes.
constexpr double kLeastTemperature = 1e-3;
constexpr double kMostTemperature = 1e3;
constexpr double kMostBias = 1e3;

// Of the prior, in the logits' own spread: a temperature of 7 or 1 / 7 is one deviation away, as is
// an even chance moved to one in 22000.
constexpr double kLogTemperatureDeviation = 2;
constexpr double kOffsetDeviation = 10;

struct WeightedLogit {
  double logit;
  double label;  // 1 is fake.
  double weight;
};

// p = sigmoid(logit * exp(-log_temperature) - offset), of logits with mean 0 and deviation 1.
struct Point {
  double log_temperature = 0;
  double offset = 0;  // Bias in temperatures.
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double log_odds(double p) { return std::log(p / (1 - p)); }

// -log(sigmoid(x)), also where that underflows.
double softplus_of_minus(double x) {
  return x > 0 ? std::log1p(std::exp(-x)) : std::log1p(std::exp(x)) - x;
}

double square(double x) { return x * x; }

double loss_at(const std::vector<WeightedLogit>& clips, const Point& at) {
  const double slope = std::exp(-at.log_temperature);
  double loss = (square(at.log_temperature / kLogTemperatureDeviation) +
                 square(at.offset / kOffsetDeviation)) /
                2;
  for (const WeightedLogit& clip : clips) {
    const double x = clip.logit * slope - at.offset;
    loss += clip.weight * softplus_of_minus(clip.label > 0 ? x : -x);
  }
  return loss;
}

// First and second derivatives of the loss. The second ones are Gauss and Newton's: where the true
// ones are not positive, these are.
struct Slopes {
  std::array<double, 2> first{};
  double tt = 0, to = 0, oo = 0;  // log temperature (t), offset (o).
};

Slopes slopes_at(const std::vector<WeightedLogit>& clips, const Point& at) {
  const double slope = std::exp(-at.log_temperature);
  Slopes slopes;
  slopes.tt = 1 / square(kLogTemperatureDeviation);
  slopes.oo = 1 / square(kOffsetDeviation);
  slopes.first = {at.log_temperature * slopes.tt, at.offset * slopes.oo};
  for (const WeightedLogit& clip : clips) {
    const double scaled = clip.logit * slope;
    const double p = sigmoid(scaled - at.offset);
    const double error = clip.weight * (p - clip.label);
    slopes.first[0] -= error * scaled;
    slopes.first[1] -= error;
    const double curve = clip.weight * p * (1 - p);
    slopes.tt += curve * scaled * scaled;
    slopes.to += curve * scaled;
    slopes.oo += curve;
  }
  return slopes;
}

// Damped as Levenberg and Marquardt do. At an end of the temperature's range, which is low to high
// as a logarithm, only the offset moves where the loss falls outwards.
Point step_from(const Point& at, const Slopes& slopes, double damping, double low, double high) {
  const bool held = (at.log_temperature <= low && slopes.first[0] > 0) ||
                    (at.log_temperature >= high && slopes.first[0] < 0);
  const double tt = slopes.tt * (1 + damping);
  const double oo = slopes.oo * (1 + damping);
  Point next = at;
  if (held) {
    next.offset -= slopes.first[1] / oo;
    return next;
  }
  const double determinant = tt * oo - slopes.to * slopes.to;
  next.log_temperature -= (oo * slopes.first[0] - slopes.to * slopes.first[1]) / determinant;
  next.offset -= (tt * slopes.first[1] - slopes.to * slopes.first[0]) / determinant;
  next.log_temperature = std::clamp(next.log_temperature, low, high);
  return next;
}

struct Spread {
  double mean = 0;
  double deviation = 1;  // 1 where all are equal.
};

Spread spread_of(const std::vector<WeightedLogit>& clips) {
  double weight = 0;
  double sum = 0;
  for (const WeightedLogit& clip : clips) {
    weight += clip.weight;
    sum += clip.weight * clip.logit;
  }
  Spread spread;
  spread.mean = sum / weight;
  double squares = 0;
  for (const WeightedLogit& clip : clips) squares += clip.weight * square(clip.logit - spread.mean);
  if (squares > 0) spread.deviation = std::sqrt(squares / weight);
  return spread;
}

// low, high: the temperature's range, as a logarithm. clips: with mean 0 and deviation 1.
Point fit(const std::vector<WeightedLogit>& clips, double low, double high) {
  constexpr int kMostSteps = 500;  // Some ten are enough as a rule.
  constexpr double kNoGain = 1e-13;
  constexpr double kHopeless = 1e12;  // Of damping: steps that no double shows.
  Point at{std::clamp(0.0, low, high), 0};
  double loss = loss_at(clips, at);
  double damping = 1e-3;
  for (int i = 0; i < kMostSteps && damping < kHopeless; ++i) {
    const Point next = step_from(at, slopes_at(clips, at), damping, low, high);
    const double there = loss_at(clips, next);
    if (!(there <= loss)) {
      damping *= 10;
      continue;
    }
    const double gain = loss - there;
    at = next;
    loss = there;
    // Under strong damping a small gain says nothing.
    if (gain <= kNoGain * (1 + loss) && damping < 1e-2) break;
    damping = std::max(damping / 10, 1e-9);
  }
  return at;
}

// Sets temperature and bias.
void fit(std::vector<WeightedLogit> clips, Calibration& calibration) {
  const Spread spread = spread_of(clips);
  for (WeightedLogit& clip : clips) clip.logit = (clip.logit - spread.mean) / spread.deviation;
  const Point found = fit(clips, std::log(kLeastTemperature / spread.deviation),
                          std::log(kMostTemperature / spread.deviation));
  // exp(log(1e3)) may be a little more.
  calibration.temperature = std::clamp(spread.deviation * std::exp(found.log_temperature),
                                       kLeastTemperature, kMostTemperature);
  calibration.bias = spread.mean + found.offset * calibration.temperature;
}

CalibrationFigures figures_of(const std::vector<WeightedLogit>& clips, double temperature,
                              double bias) {
  std::vector<Scored> scores;
  scores.reserve(clips.size());
  for (const WeightedLogit& clip : clips) {
    scores.push_back({sigmoid((clip.logit - bias) / temperature), clip.label > 0, clip.weight});
  }
  return {log_loss(scores).value(), brier_score(scores).value(),
          expected_calibration_error(reliability(scores)).value()};
}

// The lowest threshold that flags no more of the real clips than the target, half-way between the
// scores around it.
void choose_threshold(const std::vector<LabeledLogit>& clips, Calibration& calibration) {
  const double target = *calibration.target_fpr;
  const auto probability = [&](double logit) {
    return sigmoid((logit - calibration.bias) / calibration.temperature);
  };
  std::vector<double> reals;
  for (const LabeledLogit& clip : clips) {
    if (!clip.fake) reals.push_back(clip.logit);
  }
  // 1 / 0.01 is a little more or less than 100 in binary.
  constexpr double kRounding = 1e-9;
  const auto needed = static_cast<std::size_t>(std::ceil(1 / target - kRounding));
  DFD_REQUIRE(reals.size() >= needed, ErrorCode::kInvalidArgument,
              "a false-positive rate of " << target << " needs at least " << needed
                                          << " real clips to be told, there are " << reals.size()
                                          << "; give more, or a higher rate");
  std::sort(reals.begin(), reals.end(), std::greater<>());
  const auto allowed =
      static_cast<std::size_t>(target * static_cast<double>(reals.size()) * (1 + kRounding));
  const double passed = reals[std::min(allowed, reals.size() - 1)];  // Must not be flagged.
  double flagged = std::numeric_limits<double>::infinity();
  for (const LabeledLogit& clip : clips) {
    if (clip.logit > passed) flagged = std::min(flagged, clip.logit);
  }
  const double below = probability(passed);
  const double above = std::isinf(flagged) ? 1 : probability(flagged);
  const double middle = (below + above) / 2;
  // Of neighbours the middle is one of them.
  calibration.threshold = middle > below ? middle : above;
  const auto alarms =
      static_cast<std::size_t>(std::count_if(reals.begin(), reals.end(), [&](double logit) {
        return probability(logit) >= calibration.threshold;
      }));
  DFD_REQUIRE(alarms <= allowed, ErrorCode::kInvalidArgument,
              alarms << " of " << reals.size()
                     << " real clips have a probability that rounds to 1: no threshold keeps a "
                        "false-positive rate of "
                     << target);
  const Interval interval = clopper_pearson(alarms, reals.size());
  calibration.fpr = static_cast<double>(alarms) / static_cast<double>(reals.size());
  calibration.fpr_low = interval.low;
  calibration.fpr_high = interval.high;
}

void require_share(const std::optional<double>& share, const char* name) {
  DFD_REQUIRE(!share || (*share > 0 && *share < 1), ErrorCode::kInvalidArgument,
              name << ": a number between 0 and 1 expected, got " << *share);
}

std::vector<WeightedLogit> weighted(const std::vector<LabeledLogit>& clips,
                                    const CalibrationOptions& options, Calibration& calibration) {
  for (const LabeledLogit& clip : clips) {
    DFD_REQUIRE(std::isfinite(clip.logit), ErrorCode::kInvalidArgument,
                "a logit to calibrate by is " << clip.logit << "; finite ones expected");
    ++(clip.fake ? calibration.fake : calibration.real);
  }
  calibration.clips = clips.size();
  DFD_REQUIRE(calibration.real > 0 && calibration.fake > 0, ErrorCode::kInvalidArgument,
              "calibration needs scored clips of both classes, got "
                  << calibration.real << " real and " << calibration.fake << " fake");
  const auto all = static_cast<double>(clips.size());
  const bool balanced = options.weights == ClassWeights::kBalanced;
  const double of_fakes = balanced ? all / 2 / static_cast<double>(calibration.fake) : 1;
  const double of_reals = balanced ? all / 2 / static_cast<double>(calibration.real) : 1;
  calibration.fitted_prevalence = balanced ? 0.5 : static_cast<double>(calibration.fake) / all;
  std::vector<WeightedLogit> weighted;
  weighted.reserve(clips.size());
  for (const LabeledLogit& clip : clips) {
    weighted.push_back({clip.logit, clip.fake ? 1.0 : 0.0, clip.fake ? of_fakes : of_reals});
  }
  return weighted;
}

}  // namespace

Calibration calibrate(const std::vector<LabeledLogit>& clips, const CalibrationOptions& options) {
  require_share(options.deploy_prevalence, "prevalence of fakes where the model will work");
  require_share(options.target_fpr, "false-positive rate");
  DFD_REQUIRE(options.present_temperature > 0 && std::isfinite(options.present_bias),
              ErrorCode::kInvalidArgument,
              "the present calibration has a temperature of "
                  << options.present_temperature << " and a bias of " << options.present_bias);
  Calibration calibration;
  const std::vector<WeightedLogit> counted = weighted(clips, options, calibration);
  calibration.before = figures_of(counted, options.present_temperature, options.present_bias);
  fit(counted, calibration);
  calibration.after = figures_of(counted, calibration.temperature, calibration.bias);
  calibration.deploy_prevalence = options.deploy_prevalence;
  if (options.deploy_prevalence) {
    calibration.bias += calibration.temperature * (log_odds(calibration.fitted_prevalence) -
                                                   log_odds(*options.deploy_prevalence));
  }
  DFD_REQUIRE(std::abs(calibration.bias) <= kMostBias, ErrorCode::kInvalidArgument,
              "calibration comes out with a bias of "
                  << calibration.bias << ", and a model file takes at most +-" << kMostBias
                  << ": the logits are too far from zero, or do not tell the classes apart");
  calibration.target_fpr = options.target_fpr;
  if (options.target_fpr) choose_threshold(clips, calibration);
  return calibration;
}

nlohmann::ordered_json to_json(const Calibration& calibration) {
  using Json = nlohmann::ordered_json;
  const auto or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  const auto figures = [](const CalibrationFigures& of) {
    return Json{{"log_loss", of.log_loss}, {"brier", of.brier}, {"ece", of.ece}};
  };
  return {{"temperature", calibration.temperature},
          {"bias", calibration.bias},
          {"threshold", calibration.threshold},
          {"target_fpr", or_null(calibration.target_fpr)},
          {"fpr", or_null(calibration.fpr)},
          {"fpr_low", or_null(calibration.fpr_low)},
          {"fpr_high", or_null(calibration.fpr_high)},
          {"clips", calibration.clips},
          {"real", calibration.real},
          {"fake", calibration.fake},
          {"fitted_prevalence", calibration.fitted_prevalence},
          {"deploy_prevalence", or_null(calibration.deploy_prevalence)},
          {"before", figures(calibration.before)},
          {"after", figures(calibration.after)}};
}

}  // namespace dfd
