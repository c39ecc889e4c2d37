// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Programs that end while the element works: main() returns, or Python ends, with a pipeline that
// plays on.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;

// Free sources and sinks that wait for nothing keep the worker busy: with faces to look for, or
// with networks to run and to explain.
std::string line_with_faces() {
  return "videotestsrc pattern=snow ! video/x-raw,format=I420,width=1280,height=720,framerate=25/1 "
         "! " +
         test::element("mode=immediate detection-interval=40000000") + " ! fakesink sync=false";
}

std::string line_with_networks() {
  return "videotestsrc pattern=snow ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 "
         "! deepfakedetect mode=immediate inference-region=full-frame sample-rate=25/1 "
         "explain=true "
         "explain-rate=25 model-file=" +
         test::shared_model(dfd::Region::kFullFrame) + " ! fakesink sync=false";
}

// Runs the program ten times, caught at another point of its work each time, two at once.
int ends_badly(const std::string& program, const std::string& line) {
  // A program that drops its pipeline leaks it; that is not what is looked for.
  const std::string command =
      "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0; seq 0 11 99 | xargs -P 2 -n 1 " + program + " '" +
      line + "' 1>&2";
  return std::system(command.c_str());
}

TEST(Exit, ACProgramMayEndWhileThePipelinePlays) {
  EXPECT_EQ(ends_badly(DFD_END_WHILE_PLAYING, line_with_faces()), 0);
  EXPECT_EQ(ends_badly(DFD_END_WHILE_PLAYING, line_with_networks()), 0);
}

#ifdef DFD_WITH_PYTHON
TEST(Exit, PythonMayEndWhileThePipelinePlays) {
  const std::string program = "/usr/bin/python3 " DFD_SOURCE "/tests/gst/end_while_playing.py";
  EXPECT_EQ(ends_badly(program, line_with_faces()), 0);
  EXPECT_EQ(ends_badly(program, line_with_networks()), 0);
}
#endif

}  // namespace
