// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program as its users run it, and data sets to run it on.

#pragma once

#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/test_model.h"

namespace dfd::test {

namespace fs = std::filesystem;

// What a command prints on stdout; its exit status.
std::string run(const std::string& command, int& status);

// The probability of the last track that a played clip ends with. more: properties of the element.
double play(const fs::path& clip, const fs::path& model, const std::string& more = "");

// A few short clips, for what needs no good model. Returns their folder.
std::string small_data(const fs::path& folder, int clips, int seed = 3);

// The summary that evaluate printed last; empty where there is none.
nlohmann::json summary_in(const std::string& output);

std::size_t count_of(const std::string& text, const std::string& part);

// One drawn data set for these tests; whichever trains first fills its cache of embeddings.
class EndToEnd : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new fs::path(scratch_folder("end_to_end"));
    int status = -1;
    run(std::string(DFD_TRAINER) + " synthesize -o " + data() + " --clips 120 --seed 1", status);
    ASSERT_EQ(status, 0);
  }
  static void TearDownTestSuite() { delete std::exchange(folder, nullptr); }

  static std::string data() { return (*folder / "data").string(); }

  static std::vector<std::string> train_command(const fs::path& model, int epochs) {
    return {DFD_TRAINER,  "train",       "--data",   data(),
            "--backbone", "random:1",    "--epochs", std::to_string(epochs),
            "-o",         model.string()};
  }

  // The JSON lines of a training.
  static std::vector<nlohmann::json> train(const fs::path& model, int epochs,
                                           const std::string& more = "") {
    std::string command;
    for (const std::string& word : train_command(model, epochs)) command += word + " ";
    int status = -1;
    std::istringstream lines(run(command + more, status));
    EXPECT_EQ(status, 0) << command;
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(lines, line);) found.push_back(nlohmann::json::parse(line));
    return found;
  }

  static inline fs::path* folder = nullptr;
};

// Clips are few and training is short: what is written counts.
class WithSmallData : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    drawn = new fs::path(scratch_folder("drawn_small"));
    small_data(*drawn, 16);
  }
  static void TearDownTestSuite() { delete std::exchange(drawn, nullptr); }

  void SetUp() override {
    data_ = (scratch_folder("small_data") / "set").string();
    fs::copy(*drawn / "small16", data_, fs::copy_options::recursive);
  }

  // Both streams of a training. before: of the shell.
  std::string train_small(const fs::path& model, int epochs, int& status,
                          const std::string& more = "", const std::string& before = "") const {
    return run(before + " " + DFD_TRAINER + " train --data '" + data_ +
                   "' --backbone random:1 --split random --frames 4 -o '" + model.string() +
                   "' --epochs " + std::to_string(epochs) + " " + more + " 2>&1",
               status);
  }

  std::string data_;
  static inline fs::path* drawn = nullptr;
};

}  // namespace dfd::test
