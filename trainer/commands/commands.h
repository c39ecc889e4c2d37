// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The subcommands of deepfake-trainer.

#pragma once

#include <functional>
#include <map>

#include <CLI/CLI.hpp>

namespace dfd::commands {

// What each subcommand does; returns the program's status. Throws Error.
using Actions = std::map<CLI::App*, std::function<int()>>;

void add_drawing(CLI::App& app, Actions& actions);          // synthesize
void add_data(CLI::App& app, Actions& actions);             // data scan, split, check
void add_training(CLI::App& app, Actions& actions);         // train
void add_judging(CLI::App& app, Actions& actions);          // evaluate
void add_files(CLI::App& app, Actions& actions);            // import, export, inspect, cache
void add_single_pictures(CLI::App& app, Actions& actions);  // embed, score, detect
void add_sheets(CLI::App& app, Actions& actions);           // crops, explain

// Parses the command line and does what it says. Returns the program's status. Throws Error.
int run(int argc, char** argv);

}  // namespace dfd::commands
