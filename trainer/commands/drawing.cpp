// SPDX-License-Identifier: LGPL-2.1-or-later

#include "commands/commands.h"
#include "commands/console.h"
#include "drawn/synthesize.h"

namespace dfd::commands {

void add_drawing(CLI::App& app, Actions& actions) {
  static SynthesisOptions options;
  CLI::App* command = app.add_subcommand(
      "synthesize", "Write a small data set of drawn faces in Celeb-DF's layout");
  command->add_option("-o,--output", options.output, "Folder to write to")->required();
  command->add_option("--clips", options.clips, "Clips, nearly half of them forged")
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Same seed, same clips")->capture_default_str();
  command->add_option("--seconds", options.seconds, "Length of a clip")->capture_default_str();
  command->footer("Example: deepfake-trainer synthesize -o data --clips 40 --seed 1");
  actions[command] = [] {
    synthesize(options, [](int done, int of) { show_progress("drawing clips", done, of); });
    return kDone;
  };
}

}  // namespace dfd::commands
