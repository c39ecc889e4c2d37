// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/loop.h"

#include <cmath>
#include <filesystem>

#include "base/check.h"
#include "base/file.h"
#include "training/kept_state.h"
#include "training/provenance.h"

namespace dfd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kKind = "training-state";
constexpr const char* kBestPrefix = "best.";

std::string resume_path(const std::string& output) { return output + ".resume"; }

void require_resumable(const std::string& output) {
  const std::string path = resume_path(output);
  DFD_REQUIRE(std::filesystem::exists(path), ErrorCode::kNotFound,
              path << ": nothing to resume; train without --resume first");
}

KeptFile read_resume(const LoopOptions& options) {
  require_resumable(options.output);
  const std::string path = resume_path(options.output);
  KeptFile kept = read_state(path, kKind);
  DFD_REQUIRE(kept.metadata["identity"] == options.identity, ErrorCode::kInvalidArgument,
              path << ": of other clips, another backbone, rule or seed, or other options, or some "
                      "clips can be read now that could not then, or the other way round; give the "
                      "options it was trained with, or train without --resume");
  return kept;
}

}  // namespace

void require_ready(const TrainOptions& options) {
  static_cast<void>(FileReplacement(options.output));
  if (makes_manifest(options)) static_cast<void>(FileReplacement(manifest_path(options)));
  if (options.resume) require_resumable(options.output);
}

// How fast steps go, since the last report.
struct Loop::Pace {
  Clock::time_point begin = Clock::now();
  std::int64_t step = 0;
  double waited = 0;  // Seconds, since the run began.
};

void Loop::resume() {
  KeptFile kept = broadcast_kept(ranks_.first() ? read_resume(options_) : KeptFile(), ranks_);
  learner_.restore(kept.tensors);
  const std::string prefix = kBestPrefix;
  for (const auto& [name, tensor] : kept.tensors) {
    if (name.rfind(prefix, 0) == 0) state_.best[name.substr(prefix.size())] = tensor;
  }
  state_.step = std::stoll(kept.metadata["step"]);
  TrainReport& best = state_.best_report;
  best.step = std::stoll(kept.metadata["best_step"]);
  const auto* numbers = kept.tensors.at("numbers").data_ptr<double>();
  state_.loss = numbers[0];
  best.validation.loss = numbers[1];
  best.validation.auc = numbers[2];
  best.validation.accuracy = numbers[3];
}

void Loop::save() {
  saved_ = Clock::now();
  if (!ranks_.first()) return;
  const TrainReport& best = state_.best_report;
  KeptFile kept;
  kept.tensors = learner_.state();
  for (const auto& [name, tensor] : state_.best) kept.tensors[kBestPrefix + name] = tensor;
  kept.metadata = {{"identity", options_.identity},
                   {"step", std::to_string(state_.step)},
                   {"best_step", std::to_string(best.step)}};
  kept.tensors["numbers"] =
      at::tensor({state_.loss, best.validation.loss, best.validation.auc, best.validation.accuracy},
                 at::kDouble);
  write_kept(resume_path(options_.output), kKind, kept);
}

bool Loop::ends(const std::atomic<bool>& stop, std::int64_t first) {
  // A run does one step at least, or a short limit would never come to an end.
  const bool over = options_.time_limit.count() > 0 &&
                    Clock::now() - begin_ >= options_.time_limit && state_.step > first;
  if (ranks_.any(stop)) end_ = End::kStopped;
  if (end_ == End::kNone && ranks_.any(over)) end_ = End::kOutOfTime;
  return end_ != End::kNone;
}

void Loop::require_number(double loss, const char* which, std::int64_t step) const {
  DFD_REQUIRE(std::isfinite(loss), ErrorCode::kInference,
              options_.unit << ' ' << step << ": the " << which << " loss is " << loss
                            << ", so no model is written; " << options_.remedy);
}

// Judges, and keeps what was judged when it is the best.
TrainReport Loop::report(const Pace& pace) {
  const double seconds = std::chrono::duration<double>(Clock::now() - pace.begin).count();
  TrainReport report;
  report.unit = options_.unit;
  report.step = state_.step;
  report.steps = options_.steps;
  const std::int64_t since = (state_.step - 1) % options_.validate_every + 1;
  report.train_loss = state_.loss / static_cast<double>(since);
  if (const int pictures = learner_.pictures_in_step(); pictures > 0) {
    report.pictures_per_second = static_cast<double>(state_.step - pace.step) * pictures / seconds;
    report.waited = (learner_.waited() - pace.waited) / seconds;
  }
  report.validation = learner_.judge();
  require_number(report.validation.loss, "validation", state_.step);
  report.best = !has_model() || report.validation.loss < state_.best_report.validation.loss;
  if (report.best) {
    state_.best_report = report;
    state_.best = learner_.weights();
  }
  state_.loss = 0;
  return report;
}

void Loop::run(const std::atomic<bool>& stop, const TrainReports& reports) {
  const std::int64_t first = state_.step;
  learner_.begin(first);
  Pace pace;
  pace.step = first;
  while (state_.step < options_.steps && !ends(stop, first)) {
    const double loss = learner_.step(state_.step);
    require_number(loss, "training", state_.step + 1);
    state_.loss += loss;
    reports.stepped(++state_.step, options_.steps);
    const bool last = state_.step == options_.steps;
    if (state_.step % options_.validate_every != 0 && !last) continue;
    reports.reported(report(pace));
    if (last || !saved_ || Clock::now() - *saved_ >= options_.save_every) save();
    pace = {Clock::now(), state_.step, learner_.waited()};
  }
  if (end_ == End::kNone) return;
  save();
  const std::string told =
      std::string(end_ == End::kStopped ? "stopped" : "the time is over") + " after " +
      options_.unit + ' ' + std::to_string(state_.step) + "; --resume goes on from " +
      resume_path(options_.output) + "; " +
      (has_model() ? options_.output + " holds the best model so far" : "no model is written yet");
  // Whoever stops it expects a model; whoever limits it comes again.
  if (end_ == End::kStopped && !has_model()) throw Error(ErrorCode::kInvalidArgument, told);
  reports.embedding.say(told);
}

}  // namespace dfd
