// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The Python example of docs/interoperability.md, run as it stands there.

#include <gst/gst.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

std::string example() {
  std::ifstream stream(fs::path(DFD_SOURCE) / "docs/interoperability.md");
  const std::string page{std::istreambuf_iterator<char>(stream), {}};
  const std::string begin = "```python\n";
  const std::size_t first = page.find(begin) + begin.size();
  return page.substr(first, page.find("```", first) - first);
}

TEST(Python, TheExampleReadsEveryFramesVerdict) {
  const fs::path folder = test::scratch_folder("python");
  const std::string clip = (folder / "clip.avi").string();
  test::Outcome outcome;
  test::play(
      "videotestsrc num-buffers=25 pattern=ball ! video/x-raw,format=I420,framerate=25/1 ! "
      "jpegenc name=d ! avimux ! filesink location=" +
          clip,
      outcome);
  ASSERT_TRUE(outcome.eos) << outcome.text;
  std::ofstream(folder / "example.py") << example();
  const std::string command = "/usr/bin/python3 " + (folder / "example.py").string() + " " +
                              test::shared_model() + " " + clip + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string printed;
  char line[512];
  int lines = 0;
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    printed += line;
    lines += std::string(line) == "undecided no-face []\n" ? 1 : 0;
  }
  EXPECT_EQ(pclose(pipe), 0) << printed;
  EXPECT_EQ(lines, 25) << printed;
}

}  // namespace
