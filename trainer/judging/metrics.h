// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Figures of merit over scores of two classes. Pure functions. What is not defined for a set, such
// as a rank with one class only, is none: never a number that looks like one.

#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

namespace dfd {

// probability in [0, 1] that it is fake, and whether it is.
struct Scored {
  double probability = 0;
  bool fake = false;
  double weight = 1;  // >= 0: counts as so many.
};

struct Metrics {
  int real = 0;
  int fake = 0;
  double accuracy = 0;  // At the threshold, >= counts as fake.
  double auc = 0;       // Area under the ROC; equal scores count half. 0.5 without both classes.
  double eer = 0;       // Error rate where false positives and negatives are nearest.
  double average_precision = 0;
  double log_loss = 0;  // Nats; probabilities are clipped to [1e-7, 1 - 1e-7].
};

Metrics measure(const std::vector<Scored>& scores, double threshold);

// The score of a clip that has none: below every score.
constexpr double kUnscored = -std::numeric_limits<double>::infinity();

// score: higher is more fake; only the order counts. No NaN.
struct Ranked {
  double score = kUnscored;
  bool fake = false;
};

// How many have this score or a higher one.
struct RocPoint {
  double score = 0;
  double reals = 0;
  double fakes = 0;
};

// From the highest score down, one point a different score; the last has all.
struct Roc {
  std::vector<RocPoint> points;
  double reals = 0;
  double fakes = 0;

  bool has_both() const { return reals > 0 && fakes > 0; }
};

// Sorts once, so that many resamples cost a pass each.
class Ranking {
 public:
  // Throws Error(kInvalidArgument) for a score that is no number.
  explicit Ranking(const std::vector<Ranked>& clips);

  Roc roc() const;
  // counts: how often each clip, in the order they were given, counts. As many as clips.
  Roc roc(const std::vector<int>& counts) const;

 private:
  std::vector<Ranked> clips_;        // Highest score first.
  std::vector<std::size_t> places_;  // Of each in what was given.
};

// Probability that a fake ranks above a real one; equal scores count half. None without both.
std::optional<double> area_under(const Roc& roc);
// Mean of both error rates where they are nearest, at one of the scores. None without both.
std::optional<double> equal_error_rate(const Roc& roc);
// Mean of the precision over the fakes found, equal scores together. None without both.
std::optional<double> average_precision(const Roc& roc);

// What can be found without more false alarms than allowed.
struct TruePositives {
  double allowed = 0;  // False-positive rate.
  double rate = 0;     // Highest true-positive rate whose false-positive rate is not above it.
  double false_positive = 0;     // The rate there is.
  double score = 0;              // From which it is reached; infinite where nothing may be flagged.
  std::size_t reals_needed = 0;  // Real clips for one false alarm to be within what is allowed.
  bool enough = false;           // As many are there; with fewer the rate is that without any.
};

// allowed: in (0, 1]. Nothing unscored is ever flagged. None without both classes.
std::optional<TruePositives> true_positives_at(const Roc& roc, double allowed);

// A point of a detection error tradeoff.
struct DetPoint {
  double false_positive = 0;  // Rates, (0, 1): those of 0 and 1 stand half a clip inside.
  double miss = 0;
  double x = 0;  // Their normal deviates.
  double y = 0;
};

// Empty without both classes. Martin et al. 1997, "The DET curve".
std::vector<DetPoint> det_points(const Roc& roc);

// z with P(Z <= z) = p for a standard normal Z; p in (0, 1).
double normal_deviate(double p);

// What a threshold makes of clips.
struct Confusion {
  double hits = 0;  // Fakes that are flagged.
  double misses = 0;
  double false_alarms = 0;  // Real ones that are flagged.
  double passes = 0;

  void add(bool flagged, bool fake, double weight = 1);
  std::optional<double> accuracy() const;           // None without clips.
  std::optional<double> balanced_accuracy() const;  // Mean of both classes'; none without both.
};

// Mean squared difference of probability and label. None without weight.
std::optional<double> brier_score(const std::vector<Scored>& scores);
// Mean, nats; clipped as in Metrics. None without weight.
std::optional<double> log_loss(const std::vector<Scored>& scores);

// Clips whose probability of being fake lies in [low, high), the last one's in [low, 1].
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  double weight = 0;            // Clips.
  double mean_probability = 0;  // 0 in an empty one.
  double share_of_fakes = 0;    // Likewise.
};

constexpr int kReliabilityBins = 15;  // As in Guo et al. 2017.

// Throws Error(kInvalidArgument) for a probability outside [0, 1].
std::vector<ReliabilityBin> reliability(const std::vector<Scored>& scores);
// Mean difference of probability and share over all clips of the bins. None without weight. Below
// some 200 clips mostly noise, and never below zero: small sets look worse than they are.
std::optional<double> expected_calibration_error(const std::vector<ReliabilityBin>& bins);

}  // namespace dfd
