// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/loop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include <torch/utils.h>

#include "base/check.h"

namespace dfd {
namespace {

void require_finite(double loss, int epoch, const char* which, double learning_rate) {
  DFD_REQUIRE(std::isfinite(loss), ErrorCode::kInference,
              "epoch " << epoch << ": the " << which << " loss is " << loss
                       << ", so no model is written; give a --learning-rate below " << learning_rate
                       << ", and see that the backbone's embeddings are numbers "
                          "(deepfake-trainer embed)");
}

// Returns the mean loss.
double train_epoch(const TrainOptions& options, const Side& side, TrainingState& state) {
  // Every epoch has a seed of its own, so that a resumed training goes on as if never stopped.
  std::seed_seq seeds{options.seed, static_cast<std::uint64_t>(state.epoch)};
  std::mt19937_64 random(seeds);
  torch::manual_seed(random());
  state.head.train();
  std::vector<std::int64_t> order(static_cast<std::size_t>(side.size()));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  double sum = 0;
  for (std::int64_t at = 0; at < side.size(); at += options.batch) {
    const auto count = std::min<std::int64_t>(options.batch, side.size() - at);
    const std::vector<std::int64_t> chosen(order.begin() + at, order.begin() + at + count);
    state.optimizer.zero_grad();
    const at::Tensor loss = torch::binary_cross_entropy_with_logits(
        state.head.forward(batch_of(side.windows, chosen)).squeeze(1),
        side.labels.index_select(0, at::tensor(chosen, at::kLong)));
    const auto value = loss.item<double>();
    require_finite(value, state.epoch, "training", options.learning_rate);
    loss.backward();
    state.optimizer.step();
    sum += value * static_cast<double>(count);
  }
  return sum / static_cast<double>(side.size());
}

void validate(const TrainingData& data, TrainableLstmHead& head, EpochReport& report) {
  const torch::NoGradGuard no_grad;
  head.eval();
  // Some at a time: what a forward holds on to grows with its windows.
  constexpr std::int64_t kTogether = 32;
  const Side& side = data.validation;
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < side.size(); at += kTogether) {
    std::vector<std::int64_t> which(
        static_cast<std::size_t>(std::min(kTogether, side.size() - at)));
    std::iota(which.begin(), which.end(), at);
    parts.push_back(head.forward(batch_of(side.windows, which)).squeeze(1));
  }
  const at::Tensor logits = at::cat(parts);
  const at::Tensor& labels = side.labels;
  report.validation_loss = torch::binary_cross_entropy_with_logits(logits, labels).item<double>();
  report.validation_accuracy = (logits > 0).eq(labels > 0.5).to(at::kDouble).mean().item<double>();
  const double share = labels.mean().item<double>();
  report.majority_accuracy = std::max(share, 1 - share);
  const double guess = std::clamp(data.train.labels.mean().item<double>(), 1e-7, 1 - 1e-7);
  report.constant_loss = -share * std::log(guess) - (1 - share) * std::log(1 - guess);
}

void keep_best(const EpochReport& report, TrainingState& state) {
  state.best_report = report;
  for (const auto& item : state.head.named_parameters()) {
    state.best[item.key()] = item.value().detach().clone();
  }
}

}  // namespace

EpochReport run_epoch(const TrainOptions& options, const TrainingData& data, TrainingState& state) {
  EpochReport report;
  report.epoch = ++state.epoch;
  report.epochs = options.epochs;
  report.train_loss = train_epoch(options, data.train, state);
  validate(data, state.head, report);
  require_finite(report.validation_loss, state.epoch, "validation", options.learning_rate);
  report.best = state.best.empty() || report.validation_loss < state.best_report.validation_loss;
  if (report.best) keep_best(report, state);
  return report;
}

}  // namespace dfd
