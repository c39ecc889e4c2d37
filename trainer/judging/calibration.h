// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From logits to probabilities that mean what they say, and a threshold that does.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

namespace dfd {

// A clip that the model was not trained on.
struct LabeledLogit {
  double logit = 0;  // Finite.
  bool fake = false;
};

enum class ClassWeights {
  kAsTheyAre,  // Each clip counts alike: probabilities are right where fakes are as frequent.
  kBalanced,   // Both classes count alike: probabilities are right where half are fakes.
};

struct CalibrationOptions {
  ClassWeights weights = ClassWeights::kBalanced;
  // Share of fakes where the model is going to work, in (0, 1): moves the bias from the share that
  // was fitted.
  std::optional<double> deploy_prevalence;
  // Of the real clips, in (0, 1), which the threshold may flag. None: the threshold is 0.5.
  std::optional<double> target_fpr;
  // What holds now, for the figures of before.
  double present_temperature = 1;
  double present_bias = 0;
};

// How far probabilities are from what happens. Weighted as the fit.
struct CalibrationFigures {
  double log_loss = 0;  // Nats.
  double brier = 0;
  double ece = 0;
};

struct Calibration {
  double temperature = 1;  // In [1e-3, 1e3], and
  double bias = 0;         // in [-1e3, 1e3]: p = sigmoid((logit - bias) / temperature).
  double threshold = 0.5;  // p from which on a clip counts as fake, in [0, 1].
  std::optional<double> target_fpr;
  // Of the real clips that the threshold was chosen on: their share that it flags, with Clopper and
  // Pearson's 95 % interval. The interval does not know that the threshold was chosen by them, nor
  // that clips of one person hang together.
  std::optional<double> fpr;
  std::optional<double> fpr_low;
  std::optional<double> fpr_high;
  std::size_t clips = 0;
  std::size_t real = 0;
  std::size_t fake = 0;
  double fitted_prevalence = 0.5;  // Share of fakes that the fit saw, as weighted.
  std::optional<double> deploy_prevalence;
  CalibrationFigures before;
  CalibrationFigures after;  // On the clips of the fit, before the move to deploy_prevalence.
};

// Least log loss over temperature and bias (Platt 1999; Guo et al. 2017) with a weak normal prior:
// log temperature 0 +- 2 and bias / temperature 0 +- 10, against which the clips count in full.
// With some hundred clips it is not noticed; without it the temperature of classes that are fully
// apart would go to zero. Logits that rank the classes the wrong way round come out near a
// constant. Throws Error(kInvalidArgument): one class only, a logit that is no number, options out
// of range, fewer real clips than one false alarm at target_fpr needs, classes that no threshold
// keeps to it, a bias that a model file does not take.
Calibration calibrate(const std::vector<LabeledLogit>& clips, const CalibrationOptions& options);

// {"temperature","bias","threshold","target_fpr","fpr","fpr_low","fpr_high","clips","real","fake",
// "fitted_prevalence","deploy_prevalence","before":{"log_loss","brier","ece"},"after":{...}}
nlohmann::ordered_json to_json(const Calibration& calibration);

}  // namespace dfd
