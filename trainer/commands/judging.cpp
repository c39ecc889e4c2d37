// SPDX-License-Identifier: LGPL-2.1-or-later

#include <cstdio>
#include <string>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "judging/evaluate.h"

namespace dfd::commands {
namespace {

Json to_json(const Metrics& metrics) {
  return {{"real", metrics.real},        {"fake", metrics.fake}, {"accuracy", metrics.accuracy},
          {"auc", metrics.auc},          {"eer", metrics.eer},   {"ap", metrics.average_precision},
          {"log_loss", metrics.log_loss}};
}

void print_row(const std::string& name, const Metrics& metrics) {
  std::fprintf(stderr, "%-22s %5d %5d  %8.3f %8.3f %8.3f %8.3f %8.3f\n", name.c_str(), metrics.real,
               metrics.fake, metrics.accuracy, metrics.auc, metrics.eer, metrics.average_precision,
               metrics.log_loss);
}

// For people, on stderr; returns the same for programs.
Json report(const Evaluation& result) {
  std::fprintf(stderr, "%-22s %5s %5s  %8s %8s %8s %8s %8s\n", result.side.c_str(), "real", "fake",
               "accuracy", "AUC", "EER", "AP", "log loss");
  Json line{{"side", result.side}};
  const auto add = [&](const char* name, const char* key, const Metrics& metrics) {
    print_row(name, metrics);
    line[key] = to_json(metrics);
  };
  add("model", "model", result.model);
  if (result.constant) add("constant", "constant", *result.constant);
  if (result.mean_linear) add("mean + linear", "mean_linear", *result.mean_linear);
  line["by_kind"] = Json::object();
  for (const auto& [kind, metrics] : result.by_kind) {
    print_row("  " + kind, metrics);
    line["by_kind"][kind] = to_json(metrics);
  }
  line["known"] = result.known;
  line["without_face"] = result.without_face;
  line["failed"] = result.failed;
  line["warning"] = result.warning;
  return line;
}

int run_evaluate(const EvaluateOptions& options) {
  const Evaluation result = evaluate(options, embed_progress());
  if (!result.warning.empty()) say("note: " + result.warning);
  if (result.side == "unknown") {
    say("note: the model does not say which clips it was trained on; these may be among them");
  }
  print(report(result));
  return status_of(result.failed, result.clips);
}

}  // namespace

void add_judging(CLI::App& app, Actions& actions) {
  static EvaluateOptions options;
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on a data set's test side");
  command->add_option("--model", options.model, "Model file")->required();
  command->add_option("--data", options.data, "Manifest, or folder of a data set")->required();
  command->add_option(
      "--face-model", options.face_model,
      "YuNet, or the file that import mtcnn made, where the model was trained with one");
  command->add_option("--cache", options.cache, kCacheHelp);
  command->footer("Example: deepfake-trainer evaluate --model demo.safetensors --data data");
  actions[command] = [] { return run_evaluate(options); };
}

}  // namespace dfd::commands
