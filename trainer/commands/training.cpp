// SPDX-License-Identifier: LGPL-2.1-or-later

#include <string>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "training/train.h"

namespace dfd::commands {
namespace {

struct Given {
  TrainOptions options;
  std::string recipe = "default";
};

void print_epoch(const EpochReport& report) {
  print({{"epoch", report.epoch},
         {"train_loss", report.train_loss},
         {"validation_loss", report.validation_loss},
         {"validation_accuracy", report.validation_accuracy},
         {"majority_accuracy", report.majority_accuracy},
         {"constant_loss", report.constant_loss},
         {"best", report.best}});
  show_progress("training", report.epoch, report.epochs);
}

int run_train(const Given& given) {
  TrainOptions options = given.options;
  options.seed_recipe = given.recipe == "seed";
  TrainProgress progress;
  progress.embedding = embed_progress();
  progress.started = heed_stop_signals;
  progress.epoch = print_epoch;
  const TrainOutcome outcome = train(options, progress, stop_requested());
  return status_of(outcome.failed, outcome.clips);
}

}  // namespace

void add_training(CLI::App& app, Actions& actions) {
  static Given given;
  TrainOptions& options = given.options;
  CLI::App* command = app.add_subcommand("train", "Train a model on a data set");
  command->add_option("--data", options.data, "Manifest, or folder of a data set")->required();
  command
      ->add_option("--backbone", options.backbone,
                   "File of kind backbone or model, or random:SEED (demonstration only)")
      ->required();
  command->add_option("-o,--output", options.output, "Model file to write")->required();
  add_sampling(command, options.sampling);
  command->add_option("--epochs", options.epochs, "Passes over the data")->capture_default_str();
  command->add_option("--batch", options.batch, "Clips in a step")->capture_default_str();
  command->add_option("--learning-rate", options.learning_rate, "Of Adam")->capture_default_str();
  command->add_option("--seed", options.seed, "Of a folder's split, shuffling and head")
      ->capture_default_str();
  command
      ->add_option("--split", options.split,
                   "Of a folder: official, people, or random (leaky: scores come out too good); "
                   "default official where it has sides to train and validate on, else people")
      ->check(CLI::IsMember({"official", "people", "random"}));
  command->add_option("--sample-rate", options.sample_rate,
                      "Samples a second to serve the model with; needed for pictures");
  command->add_option("--recipe", given.recipe, "default, or seed (its frames and ImageNet's mean)")
      ->check(CLI::IsMember({"default", "seed"}))
      ->capture_default_str();
  command->add_option("--cache", options.cache, kCacheHelp);
  command->add_flag("--resume", options.resume, "Go on from OUTPUT.resume");
  command->footer(
      "Examples:\n"
      "  deepfake-trainer train --data Celeb-DF-v2 --backbone facenet.safetensors -o "
      "model.safetensors\n"
      "  deepfake-trainer train --data split.jsonl --backbone facenet.safetensors -o "
      "model.safetensors\n"
      "  deepfake-trainer train --data data --backbone random:1 -o demo.safetensors --epochs 20\n"
      "Prints a JSON line an epoch. Ctrl-C stops after the epoch and writes the best model so "
      "far.\nReturns 0, 1 for an error, 3 when more than a tenth of the clips could not be read "
      "(the model\nis written all the same).");
  actions[command] = [] { return run_train(given); };
}

}  // namespace dfd::commands
