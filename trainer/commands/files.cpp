// SPDX-License-Identifier: LGPL-2.1-or-later

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/check.h"
#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "data/json_name.h"
#include "import/export.h"
#include "import/import.h"
#include "import/inspect.h"
#include "import/release.h"
#include "import/traced.h"
#include "samples/cache.h"

namespace dfd::commands {
namespace {

Rate fraction(const std::string& text) {
  const std::size_t slash = text.find('/');
  DFD_REQUIRE(slash != std::string::npos, ErrorCode::kInvalidArgument,
              "rate \"" << text << "\": a fraction such as 8/1 expected");
  const Rate rate{whole_number(text.substr(0, slash), "rate"),
                  whole_number(text.substr(slash + 1), "rate")};
  constexpr int kMost = 1000000;  // As model files have it.
  DFD_REQUIRE(rate.numerator >= 1 && rate.denominator >= 1 && rate.numerator <= kMost &&
                  rate.denominator <= kMost,
              ErrorCode::kInvalidArgument,
              "rate \"" << text << "\": numbers of 1 to " << kMost << " expected");
  return rate;
}

// Of networks over clips. frames, size: what they are without these options.
void add_clip_options(CLI::App* command, ImportOptions& options, const std::string& frames,
                      const std::string& size) {
  command->add_option("--frames", options.frames, "Crops in a clip, 1 to 256; " + frames);
  command->add_option("--size", options.size, "Of its input, pixels: " + size);
  command->add_option("--fake-index", options.fake_index, "Which class of two is the fake, 0 or 1")
      ->check(CLI::Range(0, 1))
      ->capture_default_str();
  command->add_option_function<std::string>(
      "--rate", [&options](const std::string& text) { options.rate = fraction(text); },
      "Samples a second, a fraction; without, 8/1");
}

void add_traced(CLI::App& imports, Actions& actions) {
  static TracedOptions options;
  static std::string takes, gives, layout = "channels-first";
  static std::vector<double> mean, deviation;
  CLI::App* command = imports.add_subcommand(
      "traced", "Any network that torch.jit.trace, script or freeze made, as a list of operators");
  command->add_option("archive", options.input, "File saved by torch.jit.save")->required();
  command->add_option("-o,--output", options.output, "Safetensors file to write")->required();
  command->add_option("--takes", takes, "crop: a face at a time; clip: several of the same")
      ->required()
      ->check(CLI::IsMember({"crop", "clip"}));
  command
      ->add_option("--gives", gives,
                   "logit: larger where fake; two-logits: of the classes; embedding: for train")
      ->required()
      ->check(CLI::IsMember({"logit", "two-logits", "embedding"}));
  command->add_option("--size", options.size, "Of its input, pixels")->required();
  // Three numbers with commas between.
  const auto add_colors = [&](const char* name, std::vector<double>& values, const char* text) {
    command->add_option(name, values, text)->required()->delimiter(',')->expected(3);
  };
  add_colors("--mean", mean, "Of R,G,B: input = (value - mean) / std");
  add_colors("--std", deviation, "Of R,G,B; values are 0 to 255");
  command->add_option("--margin", options.margin, "The crop's side in the face's longer sides")
      ->check(CLI::Range(1.0, 3.0))
      ->capture_default_str();
  command->add_option("--frames", options.frames, "Of a clip, crops")->check(CLI::Range(1, 256));
  command->add_option("--layout", layout, "Of clips: [N, 3, T, S, S] or [N, T, 3, S, S]")
      ->check(CLI::IsMember({"channels-first", "frames-first"}))
      ->capture_default_str();
  command->add_option("--window", options.window, "Crops whose mean makes a verdict")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option_function<std::string>(
      "--rate", [](const std::string& text) { options.rate = fraction(text); },
      "Crops a second, a fraction; without, 8/1");
  command->add_option("--fake-index", options.fake_index, "Which of two logits is fake's")
      ->check(CLI::Range(0, 1))
      ->capture_default_str();
  command->footer(
      "Example: deepfake-trainer import traced resnet.pt --takes crop --gives two-logits --size "
      "224 --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375 -o model.safetensors");
  actions[command] = [] {
    std::copy(mean.begin(), mean.end(), options.mean.begin());
    std::copy(deviation.begin(), deviation.end(), options.std.begin());
    options.takes_clips = takes == "clip";
    options.channels_first = layout == "channels-first";
    options.gives = gives == "logit"        ? Gives::kLogit
                    : gives == "two-logits" ? Gives::kTwoLogits
                                            : Gives::kEmbedding;
    for (const std::string& note : import_traced(options)) say(note);
    return kDone;
  };
}

void add_import(CLI::App& app, Actions& actions) {
  static ImportOptions options;
  CLI::App* command = app.add_subcommand("import", "Turn PyTorch checkpoints into safetensors");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, std::size_t files, ImportKind kind,
                       const char* example) {
    CLI::App* sub = command->add_subcommand(name, text);
    sub->add_option("checkpoint", options.inputs,
                    "Files saved by torch.save; a network over clips may be a "
                    "safetensors file of others")
        ->required()
        ->expected(static_cast<int>(files));
    sub->add_option("-o,--output", options.output, "Safetensors file to write")->required();
    sub->footer(std::string("Example: deepfake-trainer import ") + example);
    actions[sub] = [kind] {
      options.kind = kind;
      for (const std::string& note : import_checkpoint(options)) say(note);
      return kDone;
    };
    return sub;
  };
  add("seed", "A state_dict of the seed recipe's model", 1, ImportKind::kSeed,
      "seed best_model.pth -o model.safetensors");
  add("facenet", "facenet-pytorch's InceptionResnetV1", 1, ImportKind::kFacenet,
      "facenet 20180402-114759-vggface2.pt -o facenet.safetensors");
  add("inception-resnet-v2", "Inception-ResNet v2, by timm's or Cadene's names", 1,
      ImportKind::kInceptionResnetV2,
      "inception-resnet-v2 inception_resnet_v2.pth -o inception-resnet-v2.safetensors")
      ->add_option("--size", options.size, "Of its input, pixels: 75 to 1024; without, 299");
  add_clip_options(
      add("video-resnet", "torchvision's r3d_18, mc3_18 or r2plus1d_18", 1,
          ImportKind::kVideoResnet, "video-resnet r3d_18.pth --fake-index 1 -o r3d.safetensors"),
      options, "without, 16", "16 to 512; without, 112");
  CLI::App* vivit =
      add("vivit", "Hugging Face's VivitForVideoClassification", 1, ImportKind::kVivit,
          "vivit model.safetensors --config config.json -o vivit.safetensors");
  add_clip_options(vivit, options, "without, its position table's",
                   "32 to 512; without, its position table's");
  vivit->add_option("--config", options.config,
                    "Its config.json, which says how many heads there are, among others; without, "
                    "the released one's");
  add("mtcnn", "facenet-pytorch's P-, R- and O-Net", 3, ImportKind::kMtcnn,
      "mtcnn pnet.pt rnet.pt onet.pt -o mtcnn.safetensors");
  add_traced(*command, actions);
}

void add_release(CLI::App& exports, Actions& actions) {
  static ReleaseOptions options;
  CLI::App* command = exports.add_subcommand("model", "The same model, half as large, with a name");
  command->add_option("model", options.model, "File of kind model")->required();
  command->add_option("-o,--output", options.output, "Model file to write")->required();
  command->add_option("--license", options.license, "Its name, as SPDX lists it");
  command->add_option("--attribution", options.attribution, "Who made it, of whose pictures");
  command->footer(
      "Example: deepfake-trainer export model model.safetensors --license MIT -o "
      "small.safetensors");
  actions[command] = [] {
    for (const std::string& note : release_model(options)) say(note);
    return kDone;
  };
}

void add_export(CLI::App& app, Actions& actions) {
  static ExportOptions options;
  static std::string for_class;
  CLI::App* command = app.add_subcommand("export", "Make our files ready for others");
  command->require_subcommand(1);
  CLI::App* torch = command->add_subcommand("torch", "A state_dict for torch.load");
  torch->add_option("model", options.model, "File of kind model or backbone")->required();
  torch->add_option("-o,--output", options.output, "Checkpoint to write")->required();
  torch
      ->add_option("--for", for_class,
                   "seed: add what the seed recipe's class has and does not use, as zeros")
      ->check(CLI::IsMember({"seed"}));
  torch->footer("Example: deepfake-trainer export torch model.safetensors -o model.pth");
  actions[torch] = [] {
    options.for_seed = for_class == "seed";
    for (const std::string& note : export_torch(options)) say(note);
    return kDone;
  };
  add_release(*command, actions);
}

void add_inspect(CLI::App& app, Actions& actions) {
  static std::string file;
  CLI::App* inspect =
      app.add_subcommand("inspect", "Print a safetensors file's metadata and tensors");
  inspect->add_option("file", file, "Safetensors file")->required();
  inspect->footer("Example: deepfake-trainer inspect demo.safetensors");
  actions[inspect] = [] {
    print(inspect_file(file));
    return kDone;
  };
}

void add_cache(CLI::App& app, Actions& actions) {
  static std::string folder;
  static double days = 30;
  CLI::App* cache = app.add_subcommand("cache", "Look at kept crops and embeddings, or prune them");
  cache->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, auto act) {
    CLI::App* sub = cache->add_subcommand(name, text);
    sub->add_option("--cache", folder, kCacheHelp);
    actions[sub] = [act] {
      const std::string where = cache_folder(folder);
      const CacheSize size = act(where);
      Json line;
      set_name(line, "folder", where);
      line["files"] = size.files;
      line["bytes"] = size.bytes;
      print(line);
      return kDone;
    };
    return sub;
  };
  add("size", "Print how much there is", size_of_cache);
  add("prune", "Take away what no command has used for a while, and print how much that was",
      [](const std::string& where) {
        return prune_cache(where, std::chrono::hours(static_cast<std::int64_t>(days * 24)));
      })
      ->add_option("--unused-for", days, "Days")
      ->check(CLI::Range(0.0, 36500.0))
      ->capture_default_str();
}

}  // namespace

void add_files(CLI::App& app, Actions& actions) {
  add_import(app, actions);
  add_export(app, actions);
  add_inspect(app, actions);
  add_cache(app, actions);
}

}  // namespace dfd::commands
