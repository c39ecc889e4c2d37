// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfake-trainer: makes data sets and models, and says what they are. JSON on stdout, one object
// a line; everything for people on stderr.

#include <gst/gst.h>

#include <exception>
#include <iostream>

#include "commands/commands.h"

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  try {
    return dfd::commands::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "deepfake-trainer: " << error.what() << std::endl;
    return 1;
  }
}
