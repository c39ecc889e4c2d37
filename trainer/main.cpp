// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfake-trainer: makes data sets and models, and says what they are. JSON on stdout, one object
// a line; everything for people on stderr.

#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/resources.h"
#include "base/translate.h"
#include "data/json_name.h"
#include "drawn/synthesize.h"
#include "import/import.h"
#include "import/inspect.h"
#include "judging/evaluate.h"
#include "judging/pictures.h"
#include "sheets/contact_sheets.h"
#include "sheets/explain.h"
#include "training/blas.h"
#include "training/train.h"

namespace {

using Json = nlohmann::ordered_json;

std::atomic<bool> stop_requested{false};

// The second time it ends the program at once, as usual.
void request_stop(int signal) {
  stop_requested = true;
  std::signal(signal, SIG_DFL);
}

void say(const std::string& text) { std::cerr << text << std::endl; }

// A line that is drawn over itself on a terminal, and printed a few times in a log.
void show_progress(const std::string& what, int done, int of) {
  static const bool kTerminal = isatty(STDERR_FILENO) != 0;
  constexpr int kWidth = 30;
  if (kTerminal) {
    const int filled = kWidth * done / std::max(1, of);
    std::cerr << '\r' << what << " [" << std::string(static_cast<std::size_t>(filled), '#')
              << std::string(static_cast<std::size_t>(kWidth - filled), '.') << "] " << done << '/'
              << of << (done == of ? "\n" : "") << std::flush;
  } else if (done == of || done % std::max(1, of / 5) == 0) {
    say(what + " " + std::to_string(done) + "/" + std::to_string(of));
  }
}

// Texts are UTF-8 where they are made; should one not be, the line is worth more than its bytes.
void print(const Json& line) {
  std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  DFD_REQUIRE(std::cout.good(), dfd::ErrorCode::kIo, "standard output cannot be written to");
}

// What the program returns; 1 for an error.
constexpr int kDone = 0;
constexpr int kManyFailed = 3;  // More than a tenth of the clips; the result is there all the same.

int status_of(std::size_t failed, std::size_t clips) {
  return failed * 10 > clips ? kManyFailed : kDone;
}

using Actions = std::map<CLI::App*, std::function<int()>>;

Json to_json(const dfd::Metrics& metrics) {
  return {{"real", metrics.real},        {"fake", metrics.fake}, {"accuracy", metrics.accuracy},
          {"auc", metrics.auc},          {"eer", metrics.eer},   {"ap", metrics.average_precision},
          {"log_loss", metrics.log_loss}};
}

void print_row(const std::string& name, const dfd::Metrics& metrics) {
  std::fprintf(stderr, "%-22s %5d %5d  %8.3f %8.3f %8.3f %8.3f %8.3f\n", name.c_str(), metrics.real,
               metrics.fake, metrics.accuracy, metrics.auc, metrics.eer, metrics.average_precision,
               metrics.log_loss);
}

void add_synthesize(CLI::App& app, Actions& actions) {
  static dfd::SynthesisOptions options;
  CLI::App* command = app.add_subcommand(
      "synthesize", "Write a small data set of drawn faces in Celeb-DF's layout");
  command->add_option("-o,--output", options.output, "Folder to write to")->required();
  command->add_option("--clips", options.clips, "Clips, nearly half of them forged")
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Same seed, same clips")->capture_default_str();
  command->add_option("--seconds", options.seconds, "Length of a clip")->capture_default_str();
  command->footer("Example: deepfake-trainer synthesize -o data --clips 40 --seed 1");
  actions[command] = [] {
    dfd::synthesize(options, [](int done, int of) { show_progress("drawing clips", done, of); });
    return kDone;
  };
}

// Which pictures of a clip become samples.
void add_sampling(CLI::App* command, dfd::SamplingOptions& options) {
  const auto choice = [&](const char* name, auto& value, const char* text, const auto& meanings) {
    std::vector<std::string> words;
    words.reserve(meanings.size());
    for (const auto& [word, meaning] : meanings) words.push_back(word);
    command
        ->add_option_function<std::string>(
            name, [&value, meanings](const std::string& word) { value = meanings.at(word); }, text)
        ->check(CLI::IsMember(words));
  };
  choice("--region", options.region, "Default faces",
         std::map<std::string, dfd::Region>{{"faces", dfd::Region::kFaces},
                                            {"full-frame", dfd::Region::kFullFrame}});
  choice("--crop", options.crop, "Of a face, default box; aligned needs --face-model",
         std::map<std::string, dfd::CropRule>{{"box", dfd::CropRule::kBox},
                                              {"aligned", dfd::CropRule::kAligned}});
  command->add_option(
      "--margin", options.margin,
      "box: around it, pixels of the crop, default 0; aligned: sides of the crop in "
      "sides of the face, default 1.3");
  choice("--tracks", options.tracks, "Which of a clip's faces, default longest",
         std::map<std::string, dfd::TrackChoice>{{"longest", dfd::TrackChoice::kLongest},
                                                 {"largest", dfd::TrackChoice::kLargest},
                                                 {"all", dfd::TrackChoice::kAll}});
  command->add_option("--frames", options.frames, "Samples in a window")->capture_default_str();
  command->add_option("--face-model", options.face_model,
                      "File that import mtcnn made; empty: OpenCV's cascade");
}

void add_crops(CLI::App& app, Actions& actions) {
  static std::string data;
  static std::string output;
  static dfd::SamplingOptions sampling;
  CLI::App* command =
      app.add_subcommand("crops", "Draw contact sheets of what training would see of a data set");
  command->add_option("--data", data, "Folder of the data set")->required();
  command->add_option("-o,--output", output, "Folder to write to")->required();
  add_sampling(command, sampling);
  command->footer("Example: deepfake-trainer crops --data data -o sheets");
  actions[command] = [] {
    std::size_t drawn = 0;
    const auto report = [&](const dfd::SheetEntry& entry) {
      ++drawn;
      Json line;
      dfd::set_name(line, "file", entry.clip.file);
      line["fake"] = entry.clip.fake;
      line["kind"] = entry.clip.kind;
      line["crops"] = entry.crops;
      line["sheet"] = entry.sheet;
      print(line);
    };
    const std::size_t clips = dfd::write_contact_sheets(data, output, sampling, report, say);
    return status_of(clips - drawn, clips);
  };
}

dfd::EmbedProgress embed_progress() {
  return {say, [](int done, int of, int computed) {
            show_progress("embedding clips (" + std::to_string(computed) + " new)", done, of);
          }};
}

void add_train(CLI::App& app, Actions& actions) {
  static dfd::TrainOptions options;
  static std::string recipe = "default";
  static std::string split = "people";
  CLI::App* command =
      app.add_subcommand("train", "Train a model on a data set in Celeb-DF's layout");
  command->add_option("--data", options.data, "Folder of the data set")->required();
  command
      ->add_option("--backbone", options.backbone,
                   "File of kind backbone, or random:SEED (demonstration only)")
      ->required();
  command->add_option("-o,--output", options.output, "Model file to write")->required();
  add_sampling(command, options.sampling);
  command->add_option("--epochs", options.epochs, "Passes over the data")->capture_default_str();
  command->add_option("--batch", options.batch, "Clips in a step")->capture_default_str();
  command->add_option("--learning-rate", options.learning_rate, "Of Adam")->capture_default_str();
  command->add_option("--seed", options.seed, "Of split, shuffling and head")
      ->capture_default_str();
  command->add_option("--split", split, "people, or random (leaky: scores come out too good)")
      ->check(CLI::IsMember({"people", "random"}))
      ->capture_default_str();
  command->add_option("--recipe", recipe, "default, or seed (its frames and ImageNet's mean)")
      ->check(CLI::IsMember({"default", "seed"}))
      ->capture_default_str();
  command->add_option("--cache", options.cache, "Folder of embeddings; empty: DATA/.features");
  command->add_flag("--resume", options.resume, "Go on from OUTPUT.resume");
  command->footer(
      "Examples:\n"
      "  deepfake-trainer train --data Celeb-DF-v2 --backbone facenet.safetensors -o "
      "model.safetensors\n"
      "  deepfake-trainer train --data data --backbone random:1 -o demo.safetensors --epochs 20\n"
      "Prints a JSON line an epoch. Ctrl-C stops after the epoch and writes the best model so "
      "far.\nReturns 0, 1 for an error, 3 when more than a tenth of the clips could not be read "
      "(the model\nis written all the same).");
  actions[command] = [] {
    options.seed_recipe = recipe == "seed";
    options.random_split = split == "random";
    dfd::TrainProgress progress;
    progress.embedding = embed_progress();
    progress.started = [] {
      std::signal(SIGINT, request_stop);
      std::signal(SIGTERM, request_stop);
    };
    progress.epoch = [](const dfd::EpochReport& report) {
      print({{"epoch", report.epoch},
             {"train_loss", report.train_loss},
             {"validation_loss", report.validation_loss},
             {"validation_accuracy", report.validation_accuracy},
             {"majority_accuracy", report.majority_accuracy},
             {"constant_loss", report.constant_loss},
             {"best", report.best}});
      show_progress("training", report.epoch, report.epochs);
    };
    const dfd::TrainOutcome outcome = dfd::train(options, progress, stop_requested);
    return status_of(outcome.failed, outcome.clips);
  };
}

void add_evaluate(CLI::App& app, Actions& actions) {
  static dfd::EvaluateOptions options;
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on a data set's test list");
  command->add_option("--model", options.model, "Model file")->required();
  command->add_option("--data", options.data, "Folder of the data set")->required();
  command->add_option("--face-model", options.face_model,
                      "File that import mtcnn made, where the model was trained with it");
  command->add_option("--cache", options.cache, "Folder of embeddings; empty: DATA/.features");
  command->footer("Example: deepfake-trainer evaluate --model demo.safetensors --data data");
  actions[command] = [] {
    const dfd::Evaluation result = dfd::evaluate(options, embed_progress());
    if (!result.warning.empty()) say("note: " + result.warning);
    if (result.side == "unknown") {
      say("note: the model does not say which clips it was trained on; these may be among them");
    }
    std::fprintf(stderr, "%-22s %5s %5s  %8s %8s %8s %8s %8s\n", result.side.c_str(), "real",
                 "fake", "accuracy", "AUC", "EER", "AP", "log loss");
    Json line{{"side", result.side}};
    const auto add = [&](const char* name, const char* key, const dfd::Metrics& metrics) {
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
    print(line);
    return status_of(result.failed, result.clips);
  };
}

void add_import(CLI::App& app, Actions& actions) {
  static dfd::ImportOptions options;
  CLI::App* command = app.add_subcommand("import", "Turn PyTorch checkpoints into safetensors");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, std::size_t files, dfd::ImportKind kind,
                       const char* example) {
    CLI::App* sub = command->add_subcommand(name, text);
    sub->add_option("checkpoint", options.inputs, "Files saved by torch.save")
        ->required()
        ->expected(static_cast<int>(files));
    sub->add_option("-o,--output", options.output, "Safetensors file to write")->required();
    sub->footer(std::string("Example: deepfake-trainer import ") + example);
    actions[sub] = [kind] {
      options.kind = kind;
      for (const std::string& note : dfd::import_checkpoint(options)) say(note);
      return kDone;
    };
  };
  add("seed", "A state_dict of the seed recipe's model", 1, dfd::ImportKind::kSeed,
      "seed best_model.pth -o model.safetensors");
  add("facenet", "facenet-pytorch's InceptionResnetV1", 1, dfd::ImportKind::kFacenet,
      "facenet 20180402-114759-vggface2.pt -o facenet.safetensors");
  add("mtcnn", "facenet-pytorch's P-, R- and O-Net", 3, dfd::ImportKind::kMtcnn,
      "mtcnn pnet.pt rnet.pt onet.pt -o mtcnn.safetensors");
}

void add_numbers(CLI::App& app, Actions& actions) {
  static std::string file;
  static std::vector<std::string> pictures;
  CLI::App* inspect =
      app.add_subcommand("inspect", "Print a safetensors file's metadata and tensors");
  inspect->add_option("file", file, "Safetensors file")->required();
  inspect->footer("Example: deepfake-trainer inspect demo.safetensors");
  actions[inspect] = [] {
    print(dfd::inspect_file(file));
    return kDone;
  };

  CLI::App* embed = app.add_subcommand("embed", "Print the embeddings of pictures");
  embed->add_option("--backbone", file, "File of kind backbone or model")->required();
  embed->add_option("pictures", pictures, "Picture files")->required();
  embed->footer("Example: deepfake-trainer embed --backbone facenet.safetensors face.png");
  actions[embed] = [] {
    for (const Json& line : dfd::embed_pictures(file, pictures)) print(line);
    return kDone;
  };

  CLI::App* score = app.add_subcommand("score", "Score pictures as one window");
  score->add_option("--model", file, "Model file")->required();
  score->add_option("frames", pictures, "Picture files, in order, each a ready crop")->required();
  score->footer("Example: deepfake-trainer score --model model.safetensors frame-*.png");
  actions[score] = [] {
    print(dfd::score_pictures(file, pictures));
    return kDone;
  };
}

void add_detect(CLI::App& app, Actions& actions) {
  static dfd::DetectOptions options;
  CLI::App* command = app.add_subcommand("detect", "Print the faces of pictures");
  command->add_option("--face-model", options.face_model,
                      "File that import mtcnn made; empty: OpenCV's cascade");
  command->add_option("--min-face-size", options.min_face_size, "Pixels, shorter side")
      ->capture_default_str();
  command->add_option("--factor", options.mtcnn.factor, "MTCNN: from one scale to the next")
      ->capture_default_str();
  command
      ->add_option("--thresholds", options.mtcnn.thresholds,
                   "MTCNN: probability after each of the three nets")
      ->capture_default_str();
  command->add_option("pictures", options.pictures, "Picture files")->required();
  command->footer("Example: deepfake-trainer detect --face-model mtcnn.safetensors photo.jpg");
  actions[command] = [] {
    dfd::detect_faces(options, [](const Json& line) { print(line); });
    return kDone;
  };
}

void add_explain(CLI::App& app, Actions& actions) {
  static dfd::ExplainOptions options;
  CLI::App* command = app.add_subcommand(
      "explain", "Play a video and draw what in each face spoke for \"manipulated\"");
  command->add_option("--model", options.model, "Model file")->required();
  command->add_option("video", options.video, "Video file")->required();
  command->add_option("-o,--output", options.output, "Folder to write to")->required();
  command->add_option("--face-model", options.face_model,
                      "File that import mtcnn made, where the model was trained with it");
  command
      ->add_option_function<std::string>(
          "--method",
          [](const std::string& word) {
            options.method =
                word == "hires-cam" ? dfd::ExplainMethod::kHiResCam : dfd::ExplainMethod::kGradCam;
          },
          "grad-cam, or hires-cam; default grad-cam")
      ->check(CLI::IsMember({"grad-cam", "hires-cam"}));
  command->add_option("--rate", options.rate,
                      "Explained frames a second at most; default: whenever a window is full");
  command->footer(
      "Example: deepfake-trainer explain --model demo.safetensors clip.mp4 -o evidence\n"
      "Prints a JSON line an explained sample and draws a sheet a face, with at most 12 of them.");
  actions[command] = [] {
    for (const dfd::ExplainedTrack& track : dfd::explain_video(options, say, print)) {
      std::fprintf(stderr, "track %llu: %s, probability %.3f, %d explained: %s\n",
                   static_cast<unsigned long long>(track.id), dfd::to_string(track.verdict),
                   track.probability, track.explained, track.sheet.c_str());
    }
    return kDone;
  };
}

int run(int argc, char** argv) {
  CLI::App app("Makes data sets and models for deepfakedetect", "deepfake-trainer");
  app.require_subcommand(1);
  Actions actions;
  add_synthesize(app, actions);
  add_train(app, actions);
  add_evaluate(app, actions);
  add_import(app, actions);
  add_numbers(app, actions);
  add_detect(app, actions);
  add_crops(app, actions);
  add_explain(app, actions);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cerr, std::cerr) == 0 ? kDone : 1;
  }
  // One thread: on few cores OpenBLAS got slower with the second (docs/performance.md).
  const std::string warning = dfd::set_blas_threads(1);
  if (!warning.empty()) say("warning: " + warning);
  // The forward passes gain from every core; LibTorch's default on Debian 12 is one.
  at::set_num_threads(dfd::usable_cores());
  int status = kDone;
  for (const auto& [command, action] : actions) {
    if (command->parsed()) status = std::max(status, dfd::translate_errors(action));
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "deepfake-trainer: " << error.what() << std::endl;
    return 1;
  }
}
