// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The Python example of docs/interoperability.md, run as it stands there.

#include <gst/gst.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

std::string example() {
  const std::string page = test::bytes_of(fs::path(DFD_SOURCE) / "docs/interoperability.md");
  const std::string begin = "```python\n";
  const std::size_t first = page.find(begin) + begin.size();
  return page.substr(first, page.find("```", first) - first);
}

class Python : public testing::Test {
 protected:
  // A second without a face.
  void SetUp() override {
    test::Outcome outcome;
    test::play(
        "videotestsrc num-buffers=25 pattern=ball ! video/x-raw,format=I420,framerate=25/1 ! "
        "jpegenc name=d ! avimux ! filesink location=" +
            clip_,
        outcome);
    ASSERT_TRUE(outcome.eos) << outcome.text;
    std::ofstream(folder_ / "example.py") << example();
  }

  // Runs the example on the clip; one that hangs is ended after a minute, with status 124.
  void run(const std::string& model) {
    const std::string command = "timeout 60 /usr/bin/python3 " + (folder_ / "example.py").string() +
                                " " + model + " " + clip_ + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char part[512];
    while (std::fgets(part, sizeof part, pipe) != nullptr) printed_ += part;
    status_ = WEXITSTATUS(pclose(pipe));
  }

  const fs::path folder_ = test::scratch_folder("python");
  const std::string clip_ = (folder_ / "clip.avi").string();
  std::string printed_;
  int status_ = -1;
};

TEST_F(Python, TheExampleReadsEveryFramesVerdict) {
  run(test::shared_model());
  EXPECT_EQ(status_, 0) << printed_;
  std::istringstream stream(printed_);
  int frames = 0;
  for (std::string line; std::getline(stream, line);) frames += line == "undecided no-face []";
  EXPECT_EQ(frames, 25) << printed_;
}

TEST_F(Python, TheExampleEndsWithTheErrorOfAMissingModel) {
  run((folder_ / "missing.safetensors").string());
  EXPECT_EQ(status_, 1) << printed_;
  EXPECT_NE(printed_.find("missing.safetensors: cannot be opened"), std::string::npos) << printed_;
  EXPECT_EQ(printed_.find("Traceback"), std::string::npos) << printed_;
}

}  // namespace
