// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/validation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <c10/core/GradMode.h>

#include "base/check.h"
#include "judging/metrics.h"
#include "samples/prefetch.h"
#include "training/network.h"

namespace dfd {
namespace {

// How hard validation's pairs are: real footage, but not the worst.
constexpr double kValidationHardness = 0.6;

// Of the windows where it is known whether they show what this row is of.
std::vector<LabeledLogit> logits_of_row(const ValidatedWindows& windows, std::int64_t row) {
  std::vector<LabeledLogit> known;
  for (std::int64_t i = 0; i < windows.labels.size(0); ++i) {
    const auto shown = windows.evidence[i][row].item<float>();
    if (shown >= 0) known.push_back({windows.logits[i][row].item<double>(), shown > 0});
  }
  return known;
}

bool has_both(const std::vector<LabeledLogit>& windows) {
  bool real = false;
  bool fake = false;
  for (const LabeledLogit& window : windows) (window.fake ? fake : real) = true;
  return real && fake;
}

// What calibrates each column of logits; those of which nothing is known stay as they are.
struct Rows {
  at::Tensor temperature, bias;  // float [R]
};

Rows rows_of(const ValidatedWindows& windows) {
  const std::int64_t count = windows.logits.size(1);
  Rows rows{at::ones({count}), at::zeros({count})};
  if (windows.traces.empty()) return rows;
  for (std::int64_t row = 0; row < count; ++row) {
    const auto known = logits_of_row(windows, row);
    if (!has_both(known)) continue;
    const Calibration found = calibrate(known, {});
    rows.temperature[row] = found.temperature;
    rows.bias[row] = found.bias;
  }
  return rows;
}

std::vector<LabeledLogit> larger_logits(const ValidatedWindows& windows, const Rows& rows) {
  const at::Tensor larger = ((windows.logits - rows.bias) / rows.temperature).amax(1);
  std::vector<LabeledLogit> all;
  for (std::int64_t i = 0; i < larger.size(0); ++i) {
    all.push_back({larger[i].item<double>(), windows.labels[i].item<float>() > 0});
  }
  return all;
}

Metrics metrics_of(const std::vector<LabeledLogit>& windows) {
  std::vector<Scored> scores;
  scores.reserve(windows.size());
  for (const LabeledLogit& window : windows) {
    scores.push_back({1 / (1 + std::exp(-window.logit)), window.fake});
  }
  return measure(scores, 0.5);
}

// Of those windows alone, bool [N]; none where they are of one class.
std::optional<double> auc_where(const at::Tensor& chosen,
                                const std::vector<LabeledLogit>& windows) {
  std::vector<LabeledLogit> some;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (chosen[static_cast<std::int64_t>(i)].item<bool>()) some.push_back(windows[i]);
  }
  return has_both(some) ? std::optional(metrics_of(some).auc) : std::nullopt;
}

// Pearson's; 0 where one of the two does not vary.
double correlation(const at::Tensor& x, const at::Tensor& y) {
  constexpr double kLeastDeviation = 1e-6;  // Below, it is rounding.
  const at::Tensor a = x.to(at::kDouble) - x.to(at::kDouble).mean();
  const at::Tensor b = y.to(at::kDouble) - y.to(at::kDouble).mean();
  const double of_a = a.square().mean().sqrt().item<double>();
  const double of_b = b.square().mean().sqrt().item<double>();
  if (of_a < kLeastDeviation || of_b < kLeastDeviation) return 0;
  return (a * b).mean().item<double>() / (of_a * of_b);
}

}  // namespace

ValidatedWindows validate(const TensorMap& tensors, const ModelConfig& config,
                          const PicturePairs& pairs, std::int64_t windows, int threads,
                          Ranks& ranks) {
  const ServedNetwork served(tensors, config);
  const std::int64_t in_batch = pairs.windows();
  const std::int64_t batches = (windows + in_batch - 1) / in_batch;
  const std::int64_t own = (batches + ranks.size() - 1 - ranks.rank()) / ranks.size();
  const auto number_of = [&](std::int64_t i) { return ranks.rank() + i * ranks.size(); };
  Prefetch<PictureBatch> source(
      [&](std::int64_t i) { return pairs.make("validation", number_of(i), kValidationHardness); },
      0, own, threads);
  const auto traces = static_cast<std::int64_t>(pairs.traces().size());
  const auto rows = std::max<std::int64_t>(1, traces);
  const auto zeros = [&](std::int64_t columns) { return at::zeros({batches, in_batch, columns}); };
  const ValidatedWindows all{pairs.traces(),
                             zeros(rows),
                             at::zeros({batches, in_batch}),
                             zeros(traces),
                             at::zeros({batches, in_batch}),
                             zeros(kQualities.size())};
  for (std::int64_t i = 0; i < own; ++i) {
    const PictureBatch batch = source.next();
    const at::Tensor logits = served.logits(batch.pictures, batch.labels.size(0));
    DFD_CHECK(logits.size(1) == rows);
    all.logits[number_of(i)].copy_(logits);
    all.labels[number_of(i)].copy_(batch.labels);
    all.evidence[number_of(i)].copy_(batch.evidence);
    all.fakes[number_of(i)].copy_(batch.fakes);
    all.quality[number_of(i)].copy_(batch.quality);
  }
  // With zeros, which change nothing.
  ranks.sum({all.logits, all.labels, all.evidence, all.fakes, all.quality});
  return {all.traces,           all.logits.flatten(0, 1),
          all.labels.flatten(), all.evidence.flatten(0, 1),
          all.fakes.flatten(),  all.quality.flatten(0, 1)};
}

ValidationFigures measure(const ValidatedWindows& windows) {
  const c10::NoGradGuard no_grad;
  ValidationFigures figures;
  const std::vector<LabeledLogit> larger = larger_logits(windows, rows_of(windows));
  figures.loss = calibrate(larger, {}).after.log_loss;
  const Metrics metrics = metrics_of(larger);
  figures.auc = metrics.auc;
  figures.accuracy = metrics.accuracy;
  for (std::size_t kind = 0; kind < kFakeKinds.size(); ++kind) {
    figures.fakes_auc.at(kind) =
        auc_where(windows.fakes == static_cast<float>(kFakeKinds.at(kind)), larger);
  }
  for (std::size_t row = 0; row < windows.traces.size(); ++row) {
    const auto known = logits_of_row(windows, static_cast<std::int64_t>(row));
    const auto trace = static_cast<std::size_t>(windows.traces[row]);
    if (has_both(known)) figures.traces_auc.at(trace) = metrics_of(known).auc;
  }
  return figures;
}

std::array<QualityFigures, kQualities.size()> by_quality(const ValidatedWindows& windows) {
  const c10::NoGradGuard no_grad;
  const std::vector<LabeledLogit> larger = larger_logits(windows, rows_of(windows));
  std::vector<double> logits;
  for (const LabeledLogit& window : larger) logits.push_back(window.logit);
  const at::Tensor scores = at::tensor(logits, at::kDouble);
  const at::Tensor real = (windows.labels == 0).nonzero().flatten();
  std::array<QualityFigures, kQualities.size()> figures;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const at::Tensor quality = windows.quality.select(1, static_cast<std::int64_t>(i));
    figures.at(i) = {correlation(scores.index_select(0, real), quality.index_select(0, real)),
                     auc_where(quality <= at::quantile(quality, 0.25), larger),
                     auc_where(quality >= at::quantile(quality, 0.75), larger)};
  }
  return figures;
}

Calibration calibrate(TensorMap& tensors, const ValidatedWindows& windows,
                      const CalibrationOptions& options) {
  const Rows rows = rows_of(windows);
  if (windows.logits.size(1) > 1) {
    at::Tensor weight = tensors.at("classifier.weight").clone();
    at::Tensor bias = tensors.at("classifier.bias").clone();
    weight.div_(rows.temperature.unsqueeze(1));
    bias.sub_(rows.bias).div_(rows.temperature);
    tensors["classifier.weight"] = weight;
    tensors["classifier.bias"] = bias;
  }
  return calibrate(larger_logits(windows, rows), options);
}

}  // namespace dfd
