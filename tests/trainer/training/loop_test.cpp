// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/loop.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

// Its weight is the number of steps it has done; its losses are given.
class Counter : public Learner {
 public:
  explicit Counter(std::vector<double> validation_losses)
      : validation_losses_(std::move(validation_losses)) {}

  void begin(std::int64_t first) override { begun_ = first; }
  double step(std::int64_t step) override {
    EXPECT_EQ(static_cast<double>(step), done_);
    ++done_;
    return training_loss;
  }
  ValidationFigures judge() override {
    ValidationFigures figures;
    figures.loss = validation_losses_.at(static_cast<std::size_t>(done_) - 1);
    return figures;
  }
  TensorMap weights() const override { return state(); }
  TensorMap state() const override { return {{"done", at::tensor({done_}, at::kDouble)}}; }
  void restore(const TensorMap& state) override { done_ = state.at("done").item<double>(); }

  double training_loss = 1;
  std::int64_t begun() const { return begun_; }

 private:
  std::vector<double> validation_losses_;
  double done_ = 0;
  std::int64_t begun_ = -1;
};

class Looped : public testing::Test {
 protected:
  LoopOptions options(std::int64_t steps) const {
    LoopOptions options;
    options.output = (folder_ / "model").string();
    options.identity = "these clips";
    options.steps = steps;
    options.remedy = "take less";
    return options;
  }

  // Returns the loop's state after its run, whose reports are kept.
  LoopState run(const LoopOptions& options, Learner& learner, bool resume = false,
                std::int64_t stop_after = -1) {
    Ranks alone;
    Loop loop(options, learner, alone, std::chrono::steady_clock::now());
    if (resume) loop.resume();
    std::atomic<bool> stop{stop_after == 0};
    TrainReports reports;
    reports.embedding.say = [this](const std::string& text) { said_ += text; };
    reports.stepped = [&](std::int64_t step, std::int64_t) { stop = step == stop_after; };
    reports.reported = [this](const TrainReport& report) { reports_.push_back(report); };
    loop.run(stop, reports);
    out_of_time_ = loop.out_of_time();
    return loop.state();
  }

  std::filesystem::path folder_ = test::scratch_folder("loop");
  std::vector<TrainReport> reports_;
  std::string said_;
  bool out_of_time_ = false;
};

TEST_F(Looped, KeepsTheWeightsOfTheBestLoss) {
  Counter learner({3, 1, 2});
  const LoopState state = run(options(3), learner);
  EXPECT_EQ(state.best.at("done").item<double>(), 2);
  EXPECT_EQ(state.best_report.step, 2);
  ASSERT_EQ(reports_.size(), 3U);
  EXPECT_TRUE(reports_[0].best && reports_[1].best && !reports_[2].best);
}

TEST_F(Looped, JudgesEachSoManyStepsAndAfterTheLast) {
  Counter learner({0, 5, 0, 4, 3});
  LoopOptions every_two = options(5);
  every_two.validate_every = 2;
  run(every_two, learner);
  ASSERT_EQ(reports_.size(), 3U);
  EXPECT_EQ(reports_[0].step, 2);
  EXPECT_EQ(reports_[1].step, 4);
  EXPECT_EQ(reports_[2].step, 5);
  // The mean of the steps since the last report, of which the last has one.
  for (const TrainReport& report : reports_) EXPECT_DOUBLE_EQ(report.train_loss, 1);
}

TEST_F(Looped, GoesOnWhereItWasStopped) {
  Counter first({3, 1, 2, 4});
  run(options(4), first, /*resume=*/false, /*stop_after=*/2);
  EXPECT_NE(said_.find("stopped after step 2"), std::string::npos) << said_;
  Counter second({3, 1, 2, 4});
  const LoopState state = run(options(4), second, /*resume=*/true);
  EXPECT_EQ(second.begun(), 2);
  EXPECT_EQ(state.step, 4);
  EXPECT_EQ(state.best_report.step, 2);
  EXPECT_DOUBLE_EQ(state.best_report.validation.loss, 1);
}

TEST_F(Looped, AStopBeforeThereIsAModelIsAnError) {
  Counter learner({0, 0, 0});
  LoopOptions at_the_end = options(3);
  at_the_end.validate_every = 3;
  try {
    run(at_the_end, learner, /*resume=*/false, /*stop_after=*/1);
    FAIL() << "it was not stopped";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no model is written yet"), std::string::npos);
  }
  // What was done is not lost.
  Counter second({0, 0, 0});
  run(at_the_end, second, /*resume=*/true);
  EXPECT_EQ(second.begun(), 1);
}

TEST_F(Looped, AStepIsDoneHoweverShortTheTimeIs) {
  LoopOptions no_time = options(2);
  no_time.time_limit = std::chrono::milliseconds(1);
  Counter learner({2, 1});
  Ranks alone;
  Loop loop(no_time, learner, alone, std::chrono::steady_clock::now() - std::chrono::hours(1));
  TrainReports reports;
  reports.embedding.say = [](const std::string&) {};
  reports.stepped = [](std::int64_t, std::int64_t) {};
  reports.reported = [](const TrainReport&) {};
  loop.run({false}, reports);
  EXPECT_TRUE(loop.out_of_time());
  EXPECT_EQ(loop.state().step, 1);
}

TEST_F(Looped, ALossThatIsNoNumberNamesItsStepAndTheRemedy) {
  const auto told = [&](Counter& learner) {
    try {
      run(options(3), learner);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInference);
      return std::string(error.what());
    }
    return std::string();
  };
  const double none = std::numeric_limits<double>::quiet_NaN();
  Counter of_validation({1, none, 1});
  const std::string validation = told(of_validation);
  EXPECT_NE(validation.find("step 2: the validation loss"), std::string::npos) << validation;
  EXPECT_NE(validation.find("take less"), std::string::npos) << validation;
  Counter of_training({1, 1, 1});
  of_training.training_loss = none;
  const std::string training = told(of_training);
  EXPECT_NE(training.find("step 1: the training loss"), std::string::npos) << training;
}

TEST_F(Looped, AStateOfAnotherTrainingIsRefused) {
  Counter learner({1, 1});
  run(options(1), learner);
  LoopOptions others = options(2);
  others.identity = "other clips";
  EXPECT_THROW(run(others, learner, /*resume=*/true), Error);
  others.output = (folder_ / "nothing").string();
  EXPECT_THROW(run(others, learner, /*resume=*/true), Error);
}

}  // namespace
}  // namespace dfd
