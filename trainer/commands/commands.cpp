// SPDX-License-Identifier: LGPL-2.1-or-later

#include "commands/commands.h"

#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <string>

#include <ATen/Parallel.h>

#include "base/resources.h"
#include "base/translate.h"
#include "commands/console.h"
#include "training/blas.h"

namespace dfd::commands {
namespace {

// Kept crops are read from one open file for every 64 MiB, so that others may take files away; the
// usual limit of 1024 is one for programs that call select().
void allow_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // Where it fails the first file too many is an error.
}

}  // namespace

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
  allow_open_files();
  int status = kDone;
  for (const auto& [command, action] : actions) {
    if (command->parsed()) status = std::max(status, translate_errors(action));
  }
  return status;
}

}  // namespace dfd::commands
