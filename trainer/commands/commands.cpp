// SPDX-License-Identifier: LGPL-2.1-or-later

#include "commands/commands.h"

#include <algorithm>
#include <iostream>
#include <string>

#include <ATen/Parallel.h>

#include "base/resources.h"
#include "base/translate.h"
#include "commands/console.h"
#include "training/blas.h"

namespace dfd::commands {

int run(int argc, char** argv) {
  CLI::App app("Makes data sets and models for deepfakedetect", "deepfake-trainer");
  app.require_subcommand(1);
  Actions actions;
  add_drawing(app, actions);
  add_data(app, actions);
  add_training(app, actions);
  add_judging(app, actions);
  add_files(app, actions);
  add_single_pictures(app, actions);
  add_sheets(app, actions);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cerr, std::cerr) == 0 ? kDone : 1;
  }
  // One thread: on few cores OpenBLAS got slower with the second (docs/lab/networks.md).
  const std::string warning = set_blas_threads(1);
  if (!warning.empty()) say("warning: " + warning);
  // The forward passes gain from every core; LibTorch's default on Debian 12 is one.
  at::set_num_threads(usable_cores());
  int status = kDone;
  for (const auto& [command, action] : actions) {
    if (command->parsed()) status = std::max(status, translate_errors(action));
  }
  return status;
}

}  // namespace dfd::commands
