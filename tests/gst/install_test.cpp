// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The installed tree: a program that links the detector, one that reads results, and the elements.

#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "support/test_model.h"

namespace {

namespace test = dfd::test;

TEST(Install, ProgramsAndPipelinesRunFromTheInstalledTree) {
  const std::string command = "unset GST_PLUGIN_PATH LD_LIBRARY_PATH; " DFD_SOURCE
                              "/tests/checks/install.sh " DFD_BUILD " " +
                              test::scratch_folder("install").string() + " " +
                              test::shared_model(dfd::Region::kFullFrame) + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string printed;
  char part[512];
  while (std::fgets(part, sizeof part, pipe) != nullptr) printed += part;
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0) << printed;
  // Two verdicts at least: the first frame's, and the last.
  EXPECT_NE(printed.find("0.00 s: undecided (warming-up)  #0 undecided"), std::string::npos)
      << printed;
  EXPECT_NE(printed.find("\ninstalled and used\n"), std::string::npos) << printed;
}

}  // namespace
