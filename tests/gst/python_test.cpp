// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The programs in Python: the example of docs/interoperability.md, run as it stands there, and
// pipelines/verdicts.py.

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

  // Runs the program on the clip; one that hangs is ended after a minute, with status 124.
  void run(const fs::path& program, const std::string& arguments) {
    const std::string command =
        "timeout 60 /usr/bin/python3 " + program.string() + " " + arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    char part[512];
    while (std::fgets(part, sizeof part, pipe) != nullptr) printed_ += part;
    status_ = WEXITSTATUS(pclose(pipe));
  }

  void run_example(const std::string& model) { run(folder_ / "example.py", model + " " + clip_); }
  void run_player(const std::string& arguments) {
    run(fs::path(DFD_SOURCE) / "pipelines/verdicts.py", arguments);
  }

  const fs::path folder_ = test::scratch_folder("python");
  const std::string clip_ = (folder_ / "clip.avi").string();
  std::string printed_;
  int status_ = -1;
};

TEST_F(Python, TheExampleReadsEveryFramesVerdict) {
  run_example(test::shared_model());
  EXPECT_EQ(status_, 0) << printed_;
  std::istringstream stream(printed_);
  int frames = 0;
  for (std::string line; std::getline(stream, line);) frames += line == "undecided no-face []";
  EXPECT_EQ(frames, 25) << printed_;
}

TEST_F(Python, TheExampleEndsWithTheErrorOfAMissingModel) {
  run_example((folder_ / "missing.safetensors").string());
  EXPECT_EQ(status_, 1) << printed_;
  EXPECT_NE(printed_.find("missing.safetensors: cannot be opened"), std::string::npos) << printed_;
  EXPECT_EQ(printed_.find("Traceback"), std::string::npos) << printed_;
}

TEST_F(Python, ThePlayerSaysThatThereWasNoFace) {
  run_player(test::shared_model() + " " + clip_ + " --name ball");
  EXPECT_EQ(status_, 0) << printed_;
  EXPECT_EQ(printed_, "ball: undecided, no face was found\n");
}

TEST_F(Python, ThePlayerTellsOfEachTrackAndWritesACopy) {
  // The whole picture is a track, and a second of it no full window.
  const std::string copy = (folder_ / "copy.mp4").string();
  run_player(test::shared_model(dfd::Region::kFullFrame) + " " + clip_ +
             " --region full-frame -o " + copy);
  EXPECT_EQ(status_, 0) << printed_;
  EXPECT_NE(printed_.find("clip.avi: picture: "), std::string::npos) << printed_;
  EXPECT_NE(printed_.find(" windows "), std::string::npos) << printed_;
  EXPECT_GT(fs::file_size(copy), 1000U);
}

TEST_F(Python, ThePlayerEndsWithTheError) {
  const std::string missing = (folder_ / "missing").string();
  for (const std::string& arguments :
       {missing + " " + clip_, test::shared_model() + " " + missing}) {
    printed_.clear();
    run_player(arguments);
    EXPECT_EQ(status_, 1) << printed_;
    EXPECT_EQ(printed_.find("verdicts.py: "), 0U) << printed_;
    EXPECT_NE(printed_.find("missing"), std::string::npos) << printed_;
    EXPECT_EQ(printed_.find("Traceback"), std::string::npos) << printed_;
  }
}

}  // namespace
