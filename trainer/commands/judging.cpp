// SPDX-License-Identifier: LGPL-2.1-or-later

#include <iostream>
#include <string>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "judging/calibrate_model.h"
#include "judging/evaluate.h"

namespace dfd::commands {
namespace {

void show_judged(int done, int of) { show_progress("judging clips", done, of); }

void show_changed(int done, int of) { show_progress("judging changed clips", done, of); }
void show_checked(int done, int of) { show_progress("checking clips", done, of); }

void add_evaluate(CLI::App& app, Actions& actions) {
  static EvaluateOptions options;
  static bool without_pictures = false;
  CLI::App* command = app.add_subcommand(
      "evaluate", "Measure a model on a data set's test side, by playing it as the element does");
  command->add_option("--model", options.model, "Model file")->required();
  command->add_option("--data", options.data, "Manifest, or folder of a data set")->required();
  command->add_option(
      "--face-model", options.face_model,
      "YuNet, or the file that import mtcnn made, where the model was trained with one");
  command->add_flag("--baselines", options.baselines,
                    "Measure beside it what costs nothing, learned from the set's training side");
  command->add_option("--report", options.report, "Folder to write report.html to");
  command->add_flag("--no-pictures", without_pictures, "Show no faces in the report");
  command->add_option("--curves", options.curves,
                      "What train printed, for the report: a file of its JSON lines");
  command->add_option("-o,--output", options.output,
                      "Model file to write: the same, with these figures as its card");
  command->add_option("--draws", options.draws, "Of the bootstrap that intervals come from")
      ->check(CLI::Range(10, 100000))
      ->capture_default_str();
  command->add_flag(
      "--robustness", options.robustness,
      "Play clips again with JPEG, scaling, blur and H.264, each from weak to strong");
  command
      ->add_option("--robustness-clips", options.robustness_clips,
                   "How many at most, as many real as fake")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  command->add_option("--cache", options.cache, kCacheHelp);
  command->footer(
      "Example: deepfake-trainer evaluate --model demo.safetensors --data data --report report\n"
      "Prints a JSON line a clip, then {\"summary\": ...}.");
  actions[command] = [] {
    options.pictures = !without_pictures;
    const Evaluation result =
        evaluate(options, {embed_progress(), show_judged, show_changed, show_checked, print});
    std::cerr << result.table;
    return status_of(result.failed, result.clips);
  };
}

void add_calibrate(CLI::App& app, Actions& actions) {
  static CalibrateOptions options;
  static bool as_they_are = false;
  CLI::App* command = app.add_subcommand(
      "calibrate", "Fit a model's probabilities and threshold to clips that it was not trained on");
  command->add_option("--model", options.model, "Model file")->required();
  command
      ->add_option("--data", options.data,
                   "Manifest, or folder: its validation side, or all where there are no sides")
      ->required();
  command->add_option("-o,--output", options.output, "Model file to write")->required();
  command->add_option(
      "--face-model", options.face_model,
      "YuNet, or the file that import mtcnn made, where the model was trained with one");
  command->add_option("--deploy-prevalence", options.fit.deploy_prevalence,
                      "Part of fakes where the model is going to work");
  command->add_option("--target-fpr", options.fit.target_fpr,
                      "Part of real clips that the threshold may flag; without, it is 0.5");
  command->add_flag("--as-they-are", as_they_are,
                    "Each clip counts alike; without, both classes do");
  command->footer(
      "Example: deepfake-trainer calibrate --model model.safetensors --data split.jsonl "
      "--target-fpr 0.05 -o calibrated.safetensors");
  actions[command] = [] {
    options.fit.weights = as_they_are ? ClassWeights::kAsTheyAre : ClassWeights::kBalanced;
    print(calibrate_model(options, say, show_judged));
    return kDone;
  };
}

}  // namespace

void add_judging(CLI::App& app, Actions& actions) {
  add_evaluate(app, actions);
  add_calibrate(app, actions);
}

}  // namespace dfd::commands
