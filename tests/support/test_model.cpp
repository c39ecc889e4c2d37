// SPDX-License-Identifier: LGPL-2.1-or-later

#include "support/test_model.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "backbone/inception_resnet_v1.h"
#include "backbone/traced.h"
#include "backbone/vivit.h"
#include "backbone/vivit_config.h"
#include "model/weights.h"
#include "support/formula.h"
#include "window/lstm_windows.h"
#include "window/mean_windows.h"

namespace dfd::test {

namespace fs = std::filesystem;

ModelConfig test_config(Region region) {
  ModelConfig config;
  config.backbone.name = kInceptionResnetV1;
  config.backbone.source = "random, seed 5";
  config.backbone.warning = kRandomBackboneWarning;
  config.input = facenet_input();
  config.input.crop = region == Region::kFaces ? CropRule::kBox : CropRule::kFullFrame;
  config.input.face_detector = region == Region::kFaces ? "opencv-haar-frontalface" : "none";
  config.window_length = kTestWindow;
  config.head = to_info(HeadSizes());
  config.sample_rate = {kTestRate, 1};
  return config;
}

std::string shared_model(Region region) {
  const fs::path path =
      fs::path(DFD_TEST_SCRATCH) /
      (region == Region::kFaces ? "random-faces.safetensors" : "random-full-frame.safetensors");
  if (!fs::exists(path)) write_model(path, region, 5);
  return path.string();
}

std::string clip_model() {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / "random-clips.safetensors";
  if (fs::exists(path)) return path.string();
  VivitConfig small;
  small.image_size = 32;
  small.frames = kTestWindow;
  small.hidden_size = 48;
  small.layers = 2;
  small.heads = 3;
  small.intermediate_size = 96;
  small.labels = 2;
  const BackboneKind kind = vivit_kind();
  ModelConfig config = test_config(Region::kFullFrame);
  config.backbone.name = kVivit;
  config.backbone.settings = to_settings(small, small.frames);
  config.input.size = small.image_size;
  config.input.mean = kind.input.mean;
  config.input.std = kind.input.std;
  config.head = none_info(2);
  TensorMap tensors;
  for (const auto& [name, tensor] : kind.random_weights(5, config.backbone.settings)) {
    tensors[kBackbonePrefix + name] = tensor;
  }
  write_tensors(path.string(), to_metadata(config), tensors);
  return path.string();
}

std::string plain_model() {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / "plain.safetensors";
  if (fs::exists(path)) return path.string();
  ModelConfig config = test_config(Region::kFullFrame);
  config.backbone.name = kTraced;
  config.backbone.warning.clear();
  config.backbone.settings = {{"graph", "graph 1\nv1 = mean(v0, [1, 2, 3])\nreturn v1\n"},
                              {"embedding_size", "1"}};
  config.head = none_info(1);
  write_tensors(path.string(), to_metadata(config), {});
  return path.string();
}

TensorMap lstm_weights() { return formula_weights(read_reference("lstm_head.json")["keys"], 2000); }

void write_model(const fs::path& path, Region region, std::uint64_t seed) {
  TensorMap tensors = lstm_weights();
  for (const auto& [name, tensor] : InceptionResnetV1::random_weights(seed)) {
    tensors[kBackbonePrefix + name] = tensor;
  }
  write_tensors(path.string(), to_metadata(test_config(region)), tensors);
}

std::string formula_mtcnn() {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / "formula-mtcnn.safetensors";
  if (!fs::exists(path)) {
    write_tensors(path.string(),
                  {{"format_version", kFormatVersion},
                   {"kind", "face-detector"},
                   {"detector.name", "mtcnn"},
                   {"detector.source", "formula"}},
                  formula_weights(read_reference("mtcnn_nets.json")["keys"], 0));
  }
  return path.string();
}

fs::path scratch_folder(const std::string& name) {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path shared_data(const std::string& name) {
  const char* given = std::getenv("DEEPFAKE_TEST_DATA");
  const fs::path root =
      given != nullptr ? fs::path(given) : fs::path(DFD_SOURCE) / "../shared/data";
  const fs::path path = root / name;
  return fs::exists(path) ? fs::canonical(path) : fs::path();
}

}  // namespace dfd::test
