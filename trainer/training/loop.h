// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loop of every training: steps, judgements, the best weights, checkpoints and what ends it
// before its last step.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "model/weights.h"
#include "training/ranks.h"
#include "training/train.h"

namespace dfd {

// Not after hours of work. Throws Error: kIo where the model or its manifest cannot be written;
// kNotFound where there is nothing to resume and the options ask for it.
void require_ready(const TrainOptions& options);

// What is trained. Everything depends on seed and step alone.
class Learner {
 public:
  virtual ~Learner() = default;

  // Before the first step of a run, whose number it is, from 0.
  virtual void begin(std::int64_t /*first*/) {}
  // Returns the mean loss.
  virtual double step(std::int64_t step) = 0;
  virtual ValidationFigures judge() = 0;
  // What was judged, by the names in model files: copies on the CPU.
  virtual TensorMap weights() const = 0;

  // All that changes with steps, on the CPU, and back. Throws Error(kCorruptModel).
  virtual TensorMap state() const = 0;
  virtual void restore(const TensorMap& state) = 0;

  // That a step sees; 0 where they are not made while it runs. Seconds it waited for them in all.
  virtual int pictures_in_step() const { return 0; }
  virtual double waited() const { return 0; }
};

struct LoopOptions {
  std::string output;    // A model file; what is kept to go on is in OUTPUT.resume.
  std::string identity;  // What must not change between a training and its resumption.
  const char* unit = "step";
  std::int64_t steps = 1;
  // Steps; a checkpoint is written then, too, when the last one is this old.
  std::int64_t validate_every = 1;
  std::chrono::milliseconds save_every = std::chrono::seconds(10);
  std::chrono::milliseconds time_limit{0};
  std::string remedy;  // When a loss is no number any more: "give a --rate below 0.001".
};

// All that changes with steps, besides what is trained.
struct LoopState {
  std::int64_t step = 0;  // Done.
  double loss = 0;        // Summed since the last report.
  TensorMap best;         // Empty before the first report.
  TrainReport best_report;
};

class Loop {
 public:
  // learner, ranks: borrowed. Several ranks call everything alike, each with a learner of its own.
  // begin: of what the time limit is for.
  Loop(LoopOptions options, Learner& learner, Ranks& ranks,
       std::chrono::steady_clock::time_point begin)
      : options_(std::move(options)), learner_(learner), ranks_(ranks), begin_(begin) {}

  // Goes on from what OUTPUT.resume has, which rank 0 reads. Throws Error: kNotFound when there is
  // none; kInvalidArgument when it is of another identity; kIo when it is damaged, and then it is
  // set aside; as Ranks.
  void resume();

  // Until the last step, or until one is done and stop is set or the time is over, which is said.
  // Throws Error: kInference when a loss is no number any more; kInvalidArgument when it is stopped
  // before there is a model; kIo; as Ranks.
  void run(const std::atomic<bool>& stop, const TrainReports& reports);

  // Before its last step.
  bool out_of_time() const { return end_ == End::kOutOfTime; }
  bool has_model() const { return !state_.best.empty(); }
  const LoopState& state() const { return state_; }

 private:
  enum class End { kNone, kStopped, kOutOfTime };
  struct Pace;

  bool ends(const std::atomic<bool>& stop, std::int64_t first);
  void require_number(double loss, const char* which, std::int64_t step) const;
  TrainReport report(const Pace& pace);
  void save();

  LoopOptions options_;
  Learner& learner_;
  Ranks& ranks_;
  std::chrono::steady_clock::time_point begin_;
  End end_ = End::kNone;
  std::optional<std::chrono::steady_clock::time_point> saved_;
  LoopState state_;
};

}  // namespace dfd
