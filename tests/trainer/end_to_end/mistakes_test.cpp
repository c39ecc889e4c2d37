// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What users get wrong is said to them.

#include <string>

#include <gtest/gtest.h>

#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

TEST(Trainer, SaysWhatIsWrong) {
  const auto expect = [](const std::string& arguments, const std::string& text) {
    int status = 0;
    const std::string output = run(std::string(DFD_TRAINER) + " " + arguments + " 2>&1", status);
    EXPECT_NE(status, 0) << arguments;
    EXPECT_NE(output.find(text), std::string::npos) << arguments << ": " << output;
  };
  expect("train --data /nowhere --backbone random:1 -o m", "/nowhere: no such folder");
  expect("inspect /nowhere", "/nowhere");
  expect("train --data d --backbone random:1 -o m --crop aligned", "face-model-file");
  expect("train --data d --backbone random:1 -o m --margin 160", "margin 160");
  expect("train --data d --backbone random:1 -o m --learning-rate 0", "learning-rate 0");
  expect("crops --data /nowhere -o sheets", "/nowhere: no such folder");
  expect("synthesize -o /proc/nowhere", "/proc/nowhere");
  expect("import facenet /nowhere.pt -o x", "/nowhere.pt");
  expect("score --model " + shared_model() + " /nowhere.png", "/nowhere.png");
  const std::string explain = "explain --model " + shared_model() + " ";
  expect(explain + "/nowhere.mp4 -o sheets", "/nowhere.mp4: no such file");
  expect(explain + DFD_TRAINER " -o /proc/nowhere", "/proc/nowhere");
  expect(explain + DFD_TRAINER " -o sheets --rate 0", "explain-rate 0");
  expect(explain + DFD_TRAINER " -o sheets --method guess", "guess");
  expect("", "subcommand");
}

}  // namespace
}  // namespace dfd::test
