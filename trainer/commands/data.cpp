// SPDX-License-Identifier: LGPL-2.1-or-later

#include <string>
#include <utility>
#include <vector>

#include "commands/commands.h"
#include "commands/console.h"
#include "data/dataset.h"
#include "data/layouts.h"
#include "data/manifest_check.h"
#include "data/split.h"

namespace dfd::commands {
namespace {

struct SplitGiven {
  SplitRule rule;
  std::string output;
};

void add_split_options(CLI::App* command, SplitGiven& given) {
  command->add_option("-o,--output", given.output, "Manifest to write")->required();
  command->add_option("--by", given.rule.by,
                      "official, people, generator:NAME, or random (leaky: scores come out too "
                      "good); default official where there are sides to train and validate on, "
                      "else people");
  command->add_option("--seed", given.rule.seed, "Same seed, same split")->capture_default_str();
  command->add_option("--validation", given.rule.validation, "Part of the clips")
      ->capture_default_str();
  command->add_option("--test", given.rule.test, "Part of the clips, where none is test already")
      ->capture_default_str();
}

// Splits, writes, and says what there is.
void finish(Manifest& manifest, const SplitGiven& given, bool split) {
  for (const std::string& remark : manifest.remarks) say(remark);
  if (split) split_clips(manifest, given.rule);
  const Sides sides = sides_of(manifest);
  move_manifest(manifest, folder_of(given.output));
  write_manifest(given.output, manifest);
  say(std::to_string(sides.train.size()) + " clips to train, " +
      std::to_string(sides.validation.size()) + " to validate, " +
      std::to_string(sides.test.size()) + " to test, " + std::to_string(sides.unassigned) +
      " on no side; split: " + (manifest.split.empty() ? "none" : manifest.split));
  print({{"manifest", manifest_digest(manifest)},
         {"split", manifest.split.empty() ? Json() : Json(manifest.split)},
         {"clips", manifest.clips.size()},
         {"fake", count_fakes(manifest.clips)},
         {"train", sides.train.size()},
         {"validation", sides.validation.size()},
         {"test", sides.test.size()},
         {"unassigned", sides.unassigned}});
}

void add_scan(CLI::App& data, Actions& actions) {
  static std::string folder;
  static ScanOptions options;
  static SplitGiven given;
  CLI::App* command = data.add_subcommand("scan", "Make a manifest of a data set's folder");
  command->add_option("folder", folder, "Folder of the data set")->required();
  std::vector<std::string> layouts = layout_names();
  layouts.insert(layouts.begin(), "auto");
  command->add_option("--layout", options.layout, "How the folder is laid out")
      ->check(CLI::IsMember(layouts))
      ->capture_default_str();
  command->add_option("--splits", options.splits,
                      "ffpp: folder with train.json, val.json and test.json; empty: looked for");
  command->add_option("--identity-pattern", options.identity_pattern,
                      "images: regular expression whose first group in a file's name is who it is");
  add_split_options(command, given);
  command->footer(
      "Examples:\n"
      "  deepfake-trainer data scan Celeb-DF-v2 -o celeb-df.jsonl\n"
      "  deepfake-trainer data scan faces --layout images --identity-pattern '^([0-9]+)_' -o "
      "faces.jsonl\n"
      "--by none leaves the clips without a split: all of them test.");
  actions[command] = [] {
    Manifest manifest = scan_folder(folder, options);
    const bool split = given.rule.by != "none";
    if (!split) {
      for (Clip& clip : manifest.clips) clip.split.reset();
      manifest.split.clear();
    }
    finish(manifest, given, split);
    return kDone;
  };
}

void add_split(CLI::App& data, Actions& actions) {
  static std::string file;
  static SplitGiven given;
  CLI::App* command = data.add_subcommand("split", "Say anew which clips train, validate and test");
  command->add_option("manifest", file, "Manifest to read")->required();
  add_split_options(command, given);
  command->footer(
      "Example: deepfake-trainer data split all.jsonl --by generator:FaceSwap -o split.jsonl\n"
      "With people, lines that are test stay it.");
  actions[command] = [] {
    Manifest manifest = read_manifest(file);
    finish(manifest, given, true);
    return kDone;
  };
}

void say_findings(const Findings& findings) {
  for (const std::string& remark : findings.remarks) say(remark);
  for (const std::string& fault : findings.faults) say("fault: " + fault);
  if (findings.faults.empty()) say("no faults found");
}

void add_check(CLI::App& data, Actions& actions) {
  static std::string file;
  static CheckOptions options;
  CLI::App* command = data.add_subcommand("check", "Count a manifest's clips and find its faults");
  command->add_option("data", file, "Manifest, or folder of a data set")->required();
  command->add_flag("--faces", options.faces, "Look for clips without a face, too");
  command->add_option("--face-model", options.face_model,
                      "YuNet, or the file that import mtcnn made; empty: OpenCV's cascade");
  command->footer(
      "Example: deepfake-trainer data check split.jsonl --faces\n"
      "Every clip is decoded. Prints a JSON object. Returns 0, 1 for an error, 4 when it found "
      "faults.");
  actions[command] = [] {
    const Manifest manifest = read_dataset(file);
    for (const std::string& remark : manifest.remarks) say(remark);
    const Findings findings = check_manifest(
        manifest, options, [](int done, int of) { show_progress("looking at clips", done, of); });
    say_findings(findings);
    print(findings.report);
    return findings.faults.empty() ? kDone : kFaults;
  };
}

}  // namespace

void add_data(CLI::App& app, Actions& actions) {
  CLI::App* data =
      app.add_subcommand("data", "Make, split and check manifests, the lists of clips");
  data->require_subcommand(1);
  add_scan(*data, actions);
  add_split(*data, actions);
  add_check(*data, actions);
}

}  // namespace dfd::commands
