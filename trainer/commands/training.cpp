// SPDX-License-Identifier: LGPL-2.1-or-later

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "samples/fake_parts.h"
#include "samples/frozen_backbone.h"
#include "training/launch.h"
#include "training/ranks.h"
#include "training/train_head.h"
#include "training/train_network.h"

namespace dfd::commands {
namespace {

struct Given {
  TrainOptions options;
  std::string recipe = "default";
  NetworkTraining network;
  std::string unfreeze;  // Empty: the backbone stays as it is.
  std::string fakes;
  std::vector<std::string> settings;  // KEY=VALUE
  double time_limit = 0;              // Seconds.
  bool jpeg = false;

  // From pictures, not from the embeddings of a backbone that stays as it is.
  bool from_pictures() const { return !unfreeze.empty() || is_new(options.backbone); }
};

void print_report(const TrainReport& report) {
  const ValidationFigures& validation = report.validation;
  nlohmann::ordered_json line{{report.unit, report.step}};
  const auto add = [&](const std::string& name, const std::optional<double>& value) {
    if (value) line[name] = *value;
  };
  if (report.unit == std::string("step")) line["steps"] = report.steps;
  add("train_loss", report.train_loss);
  add("validation_loss", validation.loss);
  add("validation_auc", validation.auc);
  add("validation_accuracy", validation.accuracy);
  add("majority_accuracy", validation.majority_accuracy);
  add("constant_loss", validation.constant_loss);
  for (std::size_t trace = 0; trace < kTraces.size(); ++trace) {
    add(std::string("validation_auc_") + to_string(kTraces.at(trace)),
        validation.traces_auc.at(trace));
  }
  for (std::size_t kind = 0; kind < kFakeKinds.size(); ++kind) {
    if (const auto& auc = validation.fakes_auc.at(kind)) {
      line["validation_auc_of_fakes"][to_string(kFakeKinds.at(kind))] = *auc;
    }
  }
  add("pictures_per_second", report.pictures_per_second);
  add("waited", report.waited);
  line["best"] = report.best;
  print(line);
}

TrainReports told_reports() {
  TrainReports reports;
  reports.embedding = embed_progress();
  reports.started = heed_stop_signals;  // Until then little is lost by ending at once.
  reports.stepped = [](std::int64_t step, std::int64_t steps) {
    show_progress("training", static_cast<int>(step), static_cast<int>(steps));
  };
  reports.reported = print_report;
  return reports;
}

int exit_status(const TrainOutcome& outcome) {
  return outcome.out_of_time ? kOutOfTime : status_of(outcome.failed, outcome.clips);
}

// What the options say of a training from pictures.
NetworkTraining network_of(const Given& given) {
  NetworkTraining training = given.network;
  if (!given.unfreeze.empty() && given.unfreeze != "all") {
    training.unfreeze = whole_number(given.unfreeze, "unfreeze");
  }
  training.fakes = parse_fakes(given.fakes);
  for (const std::string& setting : given.settings) {
    const std::size_t place = setting.find('=');
    DFD_REQUIRE(place != std::string::npos && place > 0, ErrorCode::kInvalidArgument,
                "setting \"" << setting << "\": KEY=VALUE expected");
    training.settings[setting.substr(0, place)] = setting.substr(place + 1);
  }
  training.lossless = !given.jpeg;
  return training;
}

TrainReports reports_of(const Ranks& ranks) {
  TrainReports reports = told_reports();
  if (ranks.first()) return reports;
  // What all have to say, one says.
  reports.embedding = {[](const std::string&) {}, [](int, int, int) {}};
  reports.stepped = [](std::int64_t, std::int64_t) {};
  reports.reported = [](const TrainReport&) {};
  return reports;
}

// What a step leaves is the next one's. Tensors of tens of megabytes would be given back to the
// system and taken again, page by page, an eighth of the time.
void keep_memory() {
  constexpr int kLargest = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_TRIM_THRESHOLD, kLargest);
}

int run_train(Given given) {
  if (given.from_pictures()) keep_memory();
  given.options.seed_recipe = given.recipe == "seed";
  given.options.time_limit =
      std::chrono::milliseconds(static_cast<std::int64_t>(given.time_limit * 1000));
  const NetworkTraining network = network_of(given);
  const std::optional<Launch> launch = launch_of(std::getenv);
  const std::unique_ptr<Ranks> ranks =
      launch ? std::make_unique<Ranks>(*launch) : std::make_unique<Ranks>();
  const TrainReports reports = reports_of(*ranks);
  try {
    return exit_status(
        given.from_pictures()
            ? train_network(given.options, network, reports, stop_requested(), *ranks)
            : train_head(given.options, reports, stop_requested(), *ranks));
  } catch (const std::exception& error) {
    ranks->leave(error.what());
    throw;
  }
}

// Of a training from pictures.
void add_network_options(CLI::App* command, Given& given) {
  NetworkTraining& network = given.network;
  const char* group = "From pictures (with --backbone new:KIND, or --unfreeze)";
  command
      ->add_option("--unfreeze", given.unfreeze,
                   "Train the last N layers of the backbone too, or all")
      ->group(group);
  command->add_option("--fakes", given.fakes, kFakesHelp)->group(group);
  command
      ->add_option("--size", network.size,
                   "Side of the network's input, pixels; without, the backbone's own")
      ->group(group);
  command
      ->add_option("--setting", given.settings,
                   "Of a new network, KEY=VALUE, such as frames=8 of new:vivit; may be given often")
      ->take_all()
      ->group(group);
  command
      ->add_option("--window", network.window,
                   "Samples in the model's window; without, all --frames that are read of a clip")
      ->group(group);
  const auto add = [&](const char* name, auto& value, const char* text) {
    command->add_option(name, value, text)->capture_default_str()->group(group);
  };
  add("--steps", network.steps, "Steps in all");
  add("--pairs", network.pairs, "Pairs of a real and a fake window in a step");
  add("--group", network.group,
      "Pictures of a step whose batch norm statistics are taken together; more are faster on CUDA");
  add("--rate", network.learning_rate, "Learning rate of AdamW");
  add("--weight-decay", network.weight_decay, "Of AdamW");
  add("--label-smoothing", network.label_smoothing, "Of both labels together");
  add("--average", network.average, "Part of the averaged weights that a step leaves");
  add("--keep", network.keep,
      "Part of the weights it began with in those that are judged and written; with --unfreeze");
  add("--easy-part", network.easy_part, "Part of the steps until pairs are as hard as they get");
  add("--recoded", network.recoded,
      "Part of the pairs, when they are hardest, that were H.264 of quantizer 18 to 40; 0: none");
  command
      ->add_option("--videos", network.videos,
                   "Part of the pairs made of real clips that is made of videos, where there are "
                   "pictures too; without, everybody is drawn alike")
      ->group(group);
  add("--autoencoder-steps", network.autoencoder_steps, kAutoencoderHelp);
  add("--validation-pairs", network.validation_pairs, "Pairs that the best weights are chosen by");
  command
      ->add_option("--target-fpr", network.target_fpr,
                   "Part of the real windows among them that the threshold may flag; without, it "
                   "is 0.5")
      ->group(group);
  add("--validate-every", network.validate_every, "Steps; a checkpoint is written then, too");
  add("--device", network.device, "auto (CUDA where there is one), cpu, cuda or cuda:N");
  static const std::map<std::string, Precision> kPrecisions{
      {"auto", Precision::kAuto}, {"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}};
  command
      ->add_option("--precision", network.precision,
                   "Of the network's sums: auto (bf16 where the device has it), fp32 or bf16")
      ->transform(CLI::Transformer(kPrecisions))
      ->option_text("auto|fp32|bf16 [auto]")
      ->group(group);
  add("--threads", network.threads, "That make pictures; 0: as many as there are cores");
  command->add_flag("--jpeg", given.jpeg, "Keep crops as JPEG: a fifth of the room")->group(group);
}

}  // namespace

void add_training(CLI::App& app, Actions& actions) {
  static Given given;
  TrainOptions& options = given.options;
  CLI::App* command = app.add_subcommand("train", "Train a model on a data set");
  command->add_option("--data", options.data, "Manifest, or folder of a data set")->required();
  command
      ->add_option("--backbone", options.backbone,
                   "File of kind backbone or model; new:artifact_cnn to train one from scratch; or "
                   "random:SEED (demonstration only)")
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
  command
      ->add_option("--head", options.head,
                   "mean or lstm; without, lstm on a frozen backbone and mean from pictures")
      ->check(CLI::IsMember({"mean", "lstm"}));
  command->add_option("--cache", options.cache, kCacheHelp);
  command
      ->add_option("--time-limit", given.time_limit,
                   "Seconds until it stops after a step or an epoch, with status 4; 0: none")
      ->capture_default_str();
  command->add_flag("--resume", options.resume, "Go on from OUTPUT.resume");
  add_network_options(command, given);
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
