// SPDX-License-Identifier: LGPL-2.1-or-later

#include <cstdint>
#include <cstdio>
#include <string>

#include "commands/commands.h"
#include "commands/console.h"
#include "commands/sampling.h"
#include "data/json_name.h"
#include "samples/fake_parts.h"
#include "sheets/contact_sheets.h"
#include "sheets/explain.h"
#include "sheets/pair_sheets.h"

namespace dfd::commands {
namespace {

void add_crops(CLI::App& app, Actions& actions) {
  static std::string data;
  static std::string output;
  static SamplingOptions sampling;
  static std::string backbone = "random:1";
  static bool augmented = false;
  static std::string fakes;
  static std::int64_t autoencoder_steps = kAutoencoderSteps;
  static std::string cache;
  CLI::App* command =
      app.add_subcommand("crops", "Draw contact sheets of what training would see of a data set");
  command->add_option("--data", data, "Manifest, or folder of a data set")->required();
  command->add_option("-o,--output", output, "Folder to write to")->required();
  command
      ->add_option("--backbone", backbone,
                   "Whose crops: a file of kind backbone or model, or random:SEED")
      ->capture_default_str();
  add_sampling(command, sampling);
  command->add_flag("--augmented", augmented,
                    "Draw pairs of real and fake crops, changed by chance, as a training from "
                    "pictures sees them");
  command->add_option("--fakes", fakes, kFakesHelp);
  command->add_option("--autoencoder-steps", autoencoder_steps, kAutoencoderHelp)
      ->capture_default_str();
  command->add_option("--cache", cache, kCacheHelp);
  command->footer(
      "Examples:\n"
      "  deepfake-trainer crops --data data -o sheets\n"
      "  deepfake-trainer crops --data portraits --augmented --fakes self-blend --crop square "
      "--backbone new:artifact_cnn -o sheets");
  actions[command] = [] {
    if (augmented) {
      PairSheetOptions options{data, output, cache, backbone, sampling, parse_fakes(fakes)};
      options.autoencoder_steps = autoencoder_steps;
      for (const std::string& sheet : write_pair_sheets(options, embed_progress())) {
        print({{"sheet", sheet}});
      }
      return kDone;
    }
    std::size_t drawn = 0;
    const auto report = [&](const SheetEntry& entry) {
      ++drawn;
      Json line;
      set_name(line, "file", entry.clip.file);
      line["fake"] = entry.clip.fake;
      line["kind"] = kind_of(entry.clip);
      line["crops"] = entry.crops;
      line["sheet"] = entry.sheet;
      print(line);
    };
    const std::size_t clips = write_contact_sheets(data, output, sampling, backbone, report, say);
    return status_of(clips - drawn, clips);
  };
}

void add_explain(CLI::App& app, Actions& actions) {
  static ExplainOptions options;
  CLI::App* command = app.add_subcommand(
      "explain", "Play a video and draw what in each face spoke for \"manipulated\"");
  command->add_option("--model", options.model, "Model file")->required();
  command->add_option("video", options.video, "Video file")->required();
  command->add_option("-o,--output", options.output, "Folder to write to")->required();
  command->add_option(
      "--face-model", options.face_model,
      "YuNet, or the file that import mtcnn made, where the model was trained with one");
  command
      ->add_option_function<std::string>(
          "--method",
          [](const std::string& word) {
            options.method =
                word == "hires-cam" ? ExplainMethod::kHiResCam : ExplainMethod::kGradCam;
          },
          "grad-cam, or hires-cam; default grad-cam")
      ->check(CLI::IsMember({"grad-cam", "hires-cam"}));
  command->add_option("--rate", options.rate,
                      "Explained frames a second at most; default: whenever a window is full");
  command->footer(
      "Example: deepfake-trainer explain --model demo.safetensors clip.mp4 -o evidence\n"
      "Prints a JSON line an explained sample and draws a sheet a face, with at most 12 of them.");
  actions[command] = [] {
    for (const ExplainedTrack& track : explain_video(options, say, print)) {
      std::fprintf(stderr, "track %llu: %s, probability %.3f, %d explained: %s\n",
                   static_cast<unsigned long long>(track.id), to_string(track.verdict),
                   track.probability, track.explained, track.sheet.c_str());
    }
    return kDone;
  };
}

}  // namespace

void add_sheets(CLI::App& app, Actions& actions) {
  add_crops(app, actions);
  add_explain(app, actions);
}

}  // namespace dfd::commands
