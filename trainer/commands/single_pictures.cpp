// SPDX-License-Identifier: LGPL-2.1-or-later

#include <string>
#include <vector>

#include "commands/commands.h"
#include "commands/console.h"
#include "judging/pictures.h"

namespace dfd::commands {
namespace {

void add_embed(CLI::App& app, Actions& actions) {
  static std::string file;
  static std::vector<std::string> pictures;
  CLI::App* embed = app.add_subcommand("embed", "Print the embeddings of pictures");
  embed->add_option("--backbone", file, "File of kind backbone or model")->required();
  embed->add_option("pictures", pictures, "Picture files")->required();
  embed->footer("Example: deepfake-trainer embed --backbone facenet.safetensors face.png");
  actions[embed] = [] {
    for (const Json& line : embed_pictures(file, pictures)) print(line);
    return kDone;
  };
}

void add_score(CLI::App& app, Actions& actions) {
  static std::string file;
  static std::vector<std::string> pictures;
  CLI::App* score = app.add_subcommand("score", "Score pictures as one window");
  score->add_option("--model", file, "Model file")->required();
  score
      ->add_option("frames", pictures,
                   "Picture files, in order, each a ready crop: its middle square, where the "
                   "model's own crops are squares")
      ->required();
  score->footer("Example: deepfake-trainer score --model model.safetensors frame-*.png");
  actions[score] = [] {
    print(score_pictures(file, pictures));
    return kDone;
  };
}

void add_detect(CLI::App& app, Actions& actions) {
  static DetectOptions options;
  CLI::App* command = app.add_subcommand("detect", "Print the faces of pictures");
  command->add_option("--face-model", options.face_model,
                      "YuNet, or the file that import mtcnn made; empty: OpenCV's cascade");
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
    detect_faces(options, [](const Json& line) { print(line); });
    return kDone;
  };
}

}  // namespace

void add_single_pictures(CLI::App& app, Actions& actions) {
  add_embed(app, actions);
  add_score(app, actions);
  add_detect(app, actions);
}

}  // namespace dfd::commands
