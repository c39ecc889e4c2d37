// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/train_head.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <numeric>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include <torch/optim/adam.h>
#include <torch/utils.h>

#include "base/check.h"
#include "base/file.h"
#include "base/serial.h"
#include "heads/trainable_head.h"
#include "judging/metrics.h"
#include "training/kept_state.h"
#include "training/loop.h"
#include "training/provenance.h"
#include "training/rank_work.h"
#include "training/training_data.h"
#include "window/lstm_windows.h"

namespace dfd {
namespace {

constexpr const char* kState = "state";  // LibTorch's archive of head and optimizer.

void check(const TrainOptions& options) {
  DFD_REQUIRE(options.epochs >= 1 && options.batch >= 1, ErrorCode::kInvalidArgument,
              "epochs and batch must be at least 1");
  constexpr double kMost = 1e30;  // Beyond, it is no float.
  DFD_REQUIRE(options.learning_rate > 0 && options.learning_rate <= kMost,
              ErrorCode::kInvalidArgument,
              "learning-rate " << options.learning_rate << ": above 0 expected, such as 0.001");
  constexpr double kLeastRate = 1e-3;  // Of what models record.
  constexpr double kMostRate = 1e3;
  const double rate = options.sample_rate.value_or(1);
  DFD_REQUIRE(rate >= kLeastRate && rate <= kMostRate, ErrorCode::kInvalidArgument,
              "sample-rate " << rate << ": " << kLeastRate << " to " << kMostRate
                             << " samples a second expected");
  DFD_REQUIRE(!options.seed_recipe || options.head.empty() || options.head == kLstm,
              ErrorCode::kInvalidArgument,
              "head " << options.head << ": the seed's recipe has " << kLstm
                      << "; leave --head or --recipe out");
}

std::string identity_of(const TrainOptions& options, const TrainingData& data) {
  const SamplingRule& rule = data.rule;
  std::ostringstream all;
  all << data.digest << ' ' << data.split << ' ' << options.seed << ' ' << options.backbone << ' '
      << to_string(rule.input.crop) << ' ' << rule.frames << ' ' << rule.input.margin << ' '
      << to_string(rule.tracks) << ' ' << options.seed_recipe << ' ' << options.head << ' '
      << options.batch << ' ' << data.backbone.digest;
  // A clip that could not be read then, or cannot now, makes it another training.
  for (const Side* side : {&data.train, &data.validation}) {
    all << " side";
    for (const Clip& clip : side->windows.clips) all << ' ' << clip.digest;
  }
  for (const std::string& file : {options.backbone, rule.face_model}) {
    if (std::filesystem::is_regular_file(file)) all << ' ' << sha256_of_file(file);
  }
  const std::string text = all.str();
  return sha256(text.data(), text.size());
}

// A head on embeddings that are there. A step is an epoch: over cached ones it takes a moment.
class HeadLearner : public Learner {
 public:
  // Sets LibTorch's seed, which the head's first weights come from.
  HeadLearner(const TrainOptions& options, const TrainingData& data)
      : options_(options), data_(data) {
    torch::manual_seed(options.seed);
    head_ = make_trainable_head(options.head.empty() ? kLstm : options.head,
                                data.train.windows.embeddings.front().size(1));
    optimizer_ = std::make_unique<torch::optim::Adam>(head_->parameters(), options.learning_rate);
  }

  // Goes once over the training side, in an order that is the epoch's own.
  double step(std::int64_t step) override {
    const Side& side = data_.train;
    std::seed_seq seeds{options_.seed, static_cast<std::uint64_t>(step + 1)};
    std::mt19937_64 random(seeds);
    torch::manual_seed(random());
    head_->train();
    std::vector<std::int64_t> order(static_cast<std::size_t>(side.size()));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    double sum = 0;
    for (std::int64_t at = 0; at < side.size(); at += options_.batch) {
      const auto count = std::min<std::int64_t>(options_.batch, side.size() - at);
      sum += learn({order.begin() + at, order.begin() + at + count}) * static_cast<double>(count);
      if (!std::isfinite(sum)) break;
    }
    return sum / static_cast<double>(side.size());
  }

  ValidationFigures judge() override;

  TensorMap weights() const override {
    TensorMap weights;
    for (const auto& item : head_->named_parameters()) {
      weights[item.key()] = item.value().detach().clone();
    }
    return weights;
  }

  TensorMap state() const override {
    torch::serialize::OutputArchive archive;
    torch::serialize::OutputArchive weights;
    torch::serialize::OutputArchive moments;
    head_->save(weights);
    optimizer_->save(moments);
    archive.write("head", weights);
    archive.write("optimizer", moments);
    return {{kState, packed(archive)}};
  }

  void restore(const TensorMap& state) override {
    const auto found = state.find(kState);
    DFD_INTACT(found != state.end(), "the state of the training is missing");
    torch::serialize::InputArchive archive;
    torch::serialize::InputArchive weights;
    torch::serialize::InputArchive moments;
    read_packed(found->second, at::kCPU, archive);
    archive.read("head", weights);
    archive.read("optimizer", moments);
    head_->load(weights);
    optimizer_->load(moments);
    // Which came with the state; another one may be just what a resumed training needs.
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(options_.learning_rate);
  }

  HeadInfo head_info() const { return head_->info(); }

 private:
  // Returns the mean loss of those windows.
  double learn(const std::vector<std::int64_t>& chosen) {
    optimizer_->zero_grad();
    double value = 0;
    {
      // A step of a sequence is too little for two threads.
      const Serial serial;
      const at::Tensor loss = torch::binary_cross_entropy_with_logits(
          head_->forward(batch_of(data_.train.windows, chosen)).squeeze(1),
          data_.train.labels.index_select(0, at::tensor(chosen, at::kLong)));
      value = loss.item<double>();
      if (!std::isfinite(value)) return value;
      loss.backward();
    }
    optimizer_->step();
    return value;
  }

  const TrainOptions& options_;
  const TrainingData& data_;
  std::unique_ptr<TrainableHead> head_;
  std::unique_ptr<torch::optim::Adam> optimizer_;
};

ValidationFigures HeadLearner::judge() {
  const torch::NoGradGuard no_grad;
  head_->eval();
  // Some at a time: what a forward holds on to grows with its windows.
  constexpr std::int64_t kTogether = 32;
  const Side& side = data_.validation;
  std::vector<at::Tensor> parts;
  for (std::int64_t at = 0; at < side.size(); at += kTogether) {
    std::vector<std::int64_t> which(
        static_cast<std::size_t>(std::min(kTogether, side.size() - at)));
    std::iota(which.begin(), which.end(), at);
    parts.push_back(head_->forward(batch_of(side.windows, which)).squeeze(1));
  }
  const at::Tensor logits = at::cat(parts);
  const at::Tensor& labels = side.labels;
  ValidationFigures figures;
  figures.loss = torch::binary_cross_entropy_with_logits(logits, labels).item<double>();
  if (!std::isfinite(figures.loss)) return figures;
  figures.accuracy = (logits > 0).eq(labels > 0.5).to(at::kDouble).mean().item<double>();
  std::vector<Ranked> ranked;
  for (std::int64_t i = 0; i < side.size(); ++i) {
    ranked.push_back({logits[i].item<double>(), labels[i].item<float>() > 0.5});
  }
  figures.auc = area_under(Ranking(ranked).roc()).value_or(0.5);  // Both classes are there.
  const double share = labels.mean().item<double>();
  figures.majority_accuracy = std::max(share, 1 - share);
  const double guess = std::clamp(data_.train.labels.mean().item<double>(), 1e-7, 1 - 1e-7);
  figures.constant_loss = -share * std::log(guess) - (1 - share) * std::log(1 - guess);
  return figures;
}

LoopOptions loop_options(const TrainOptions& options, const TrainingData& data) {
  LoopOptions loop;
  loop.output = options.output;
  loop.identity = identity_of(options, data);
  loop.unit = "epoch";
  loop.steps = options.epochs;
  loop.time_limit = options.time_limit;
  loop.remedy = "give a --learning-rate below " + print(options.learning_rate) +
                ", and see that the backbone's embeddings are numbers (deepfake-trainer embed)";
  return loop;
}

void write_model(const TrainOptions& options, const TrainingData& data, const HeadInfo& head,
                 const LoopState& state) {
  const TrainReport& best = state.best_report;
  ModelConfig config;
  config.backbone = data.backbone;
  config.input = data.rule.input;
  config.window_length = data.rule.frames;
  config.sample_rate = rate_of(options, data.train.windows.rates);
  config.head = head;
  config.training = to_metadata(options, {data.manifest, data.digest, data.train.windows.clips,
                                          data.validation.windows.clips, data.rule});
  config.training["recipe"] = options.seed_recipe ? "seed" : "default";
  config.training["epoch"] = std::to_string(best.step);
  config.training["validation_loss"] = std::to_string(best.validation.loss);
  config.training["validation_auc"] = std::to_string(best.validation.auc);
  config.training["validation_accuracy"] = std::to_string(best.validation.accuracy);
  if (makes_manifest(options)) write_manifest(manifest_path(options), data.manifest);
  write_tensors(options.output, to_metadata(config),
                join_tensors({data.backbone_tensors, state.best}));
}

}  // namespace

TrainOutcome train_head(const TrainOptions& options, const TrainReports& reports,
                        const std::atomic<bool>& stop, Ranks& ranks) {
  const auto begin = std::chrono::steady_clock::now();
  check(options);
  if (ranks.first()) require_ready(options);
  const SamplingRule rule = rule_of(options);
  const TrainingData data = load_training_data(options, rule, reports.embedding, ranks);
  static_cast<void>(rate_of(options, data.train.windows.rates));  // Not after all epochs.
  HeadLearner learner(options, data);
  const LoopOptions of_loop = loop_options(options, data);
  require_same(of_loop.identity, options.resume, ranks);
  // All do the same: a step is over before gradients could be told to others.
  Loop loop(of_loop, learner, ranks, begin);
  if (options.resume) {
    loop.resume();
    reports.embedding.say("resuming after epoch " + std::to_string(loop.state().step));
  }
  reports.started();
  loop.run(stop, reports);
  if (ranks.first() && loop.has_model())
    write_model(options, data, learner.head_info(), loop.state());
  return {data.clips, data.train.windows.failed + data.validation.windows.failed,
          loop.out_of_time()};
}

}  // namespace dfd
