// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/figures.h"

#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/text.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kFewAlarms = 0.01;
constexpr double kSomeAlarms = 0.05;

// In the order of values().
constexpr const char* kFigures[] = {
    "auc",      "eer",      "ap",    "accuracy", "balanced_accuracy",
    "tpr_at_1", "tpr_at_5", "brier", "log_loss", "ece"};

void check(const ClipScore& clip) {
  DFD_REQUIRE(clip.logit.has_value() == clip.probability.has_value(), ErrorCode::kInvalidArgument,
              utf8(clip.file) << ": a logit and a probability are both there, or neither is");
  DFD_REQUIRE(!clip.logit || std::isfinite(*clip.logit), ErrorCode::kInvalidArgument,
              utf8(clip.file) << ": its logit is " << *clip.logit << "; a finite one expected");
  DFD_REQUIRE(!clip.probability || (*clip.probability >= 0 && *clip.probability <= 1),
              ErrorCode::kInvalidArgument,
              utf8(clip.file) << ": its probability is " << *clip.probability
                              << "; one in [0, 1] expected");
}

std::optional<double> rate_at(const Roc& roc, double allowed) {
  const std::optional<TruePositives> found = true_positives_at(roc, allowed);
  if (!found) return std::nullopt;
  return found->rate;
}

}  // namespace

JudgedClips::JudgedClips(const std::vector<ClipScore>& clips, double threshold,
                         const BootstrapOptions& options)
    : clips_(clips), threshold_(threshold), options_(options), groups_(connected_groups(clips)) {
  DFD_REQUIRE(threshold >= 0 && threshold <= 1, ErrorCode::kInvalidArgument,
              "a threshold in [0, 1] expected, got " << threshold);
  for (const ClipScore& clip : clips) check(clip);
}

Json JudgedClips::figures_of(const std::vector<std::size_t>& members) const {
  std::vector<Ranked> in_rank;
  Json found{{"real", 0}, {"fake", 0}, {"unscored", 0}};
  std::size_t counted[] = {0, 0, 0};
  for (const std::size_t i : members) {
    in_rank.push_back(ranked(clips_[i]));
    ++counted[clips_[i].fake ? 1 : 0];
    counted[2] += clips_[i].logit ? 0 : 1;
  }
  found = {{"real", counted[0]}, {"fake", counted[1]}, {"unscored", counted[2]}};
  const Ranking ranking(in_rank);
  std::vector<int> own(members.size());
  const auto values = [&](const std::vector<int>& counts) -> std::vector<std::optional<double>> {
    Confusion confusion;
    std::vector<Scored> with_score;
    for (std::size_t i = 0; i < members.size(); ++i) {
      own[i] = counts[members[i]];
      if (own[i] == 0) continue;
      const ClipScore& clip = clips_[members[i]];
      confusion.add(clip.probability && *clip.probability >= threshold_, clip.fake, own[i]);
      if (!clip.probability) continue;
      with_score.push_back({*clip.probability, clip.fake, static_cast<double>(own[i])});
    }
    const Roc roc = ranking.roc(own);
    return {area_under(roc),
            equal_error_rate(roc),
            average_precision(roc),
            confusion.accuracy(),
            confusion.balanced_accuracy(),
            rate_at(roc, kFewAlarms),
            rate_at(roc, kSomeAlarms),
            brier_score(with_score),
            log_loss(with_score),
            expected_calibration_error(reliability(with_score))};
  };
  const std::vector<std::optional<double>> here = values(std::vector<int>(clips_.size(), 1));
  const std::vector<std::optional<Interval>> intervals = bootstrap(groups_, options_, values);
  for (std::size_t i = 0; i < here.size(); ++i) found[kFigures[i]] = figure(here[i], intervals[i]);
  found["reals_needed"] = {{"tpr_at_1", std::lround(1 / kFewAlarms)},
                           {"tpr_at_5", std::lround(1 / kSomeAlarms)}};
  return found;
}

Ranked ranked(const ClipScore& clip) { return {clip.logit.value_or(kUnscored), clip.fake}; }

std::vector<Scored> scored(const std::vector<ClipScore>& clips) {
  std::vector<Scored> found;
  for (const ClipScore& clip : clips) {
    if (clip.probability) found.push_back({*clip.probability, clip.fake});
  }
  return found;
}

Json figure(const std::optional<double>& value, const std::optional<Interval>& interval) {
  if (!value) return nullptr;
  return {{"value", *value},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)}};
}

std::vector<std::size_t> everything(std::size_t count) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), std::size_t{0});
  return places;
}

}  // namespace dfd
