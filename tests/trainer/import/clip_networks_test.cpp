// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/clip_networks.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/backbone.h"
#include "backbone/video_resnet.h"
#include "backbone/vivit.h"
#include "backbone/vivit_config.h"
#include "detector/error.h"
#include "import/checkpoint_writer.h"
#include "scoring/model_parts.h"
#include "support/test_model.h"

namespace dfd {
namespace {

// As torch.save would have written them. tensors: float, contiguous.
void save(const std::string& file, const TensorMap& tensors) {
  std::map<std::string, TensorBytes> bytes;
  for (const auto& [name, tensor] : tensors) {
    bytes[name] = {"F32", tensor.sizes().vec(), static_cast<const std::uint8_t*>(tensor.data_ptr()),
                   static_cast<std::uint64_t>(tensor.nbytes())};
  }
  write_checkpoint(file, bytes);
}

VivitConfig small_vivit() {
  VivitConfig config;
  config.image_size = 32;
  config.frames = 4;
  config.hidden_size = 48;
  config.layers = 2;
  config.heads = 4;
  config.intermediate_size = 32;
  config.activation = VivitActivation::kGelu;
  return config;
}

constexpr const char* kConfigJson =
    R"({"image_size": 32, "num_attention_heads": 4, "hidden_act": "gelu", "layer_norm_eps": 1e-5})";

class ClipNetworks : public testing::Test {
 protected:
  ClipNetworks() {
    options_.inputs = {(folder_ / "foreign.pth").string()};
    options_.output = (folder_ / "ours.safetensors").string();
  }

  // Its notes, one a line.
  std::string import(ImportKind kind) {
    options_.kind = kind;
    std::string all;
    for (const std::string& note : import_checkpoint(options_)) all += note + "\n";
    return all;
  }

  std::string refused(ImportKind kind) {
    try {
      import(kind);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  void give_config(const std::string& json) {
    options_.config = (folder_ / "config.json").string();
    std::ofstream(options_.config) << json;
  }

  Metadata metadata() const { return SafetensorsFile(options_.output).metadata(); }

  const c10::NoGradGuard no_grad_;
  std::filesystem::path folder_ = test::scratch_folder("clip-networks");
  ImportOptions options_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ClipNetworks, TheThreeVideoResnetsAreToldApart) {
  for (const char* name : {kR3d18, kMc318, kR2Plus1d18}) {
    TensorMap tensors = backbone_kind(name, "test").random_weights(1, {{kFrames, "16"}});
    tensors["fc.weight"] = at::ones({400, 512});
    tensors["fc.bias"] = at::ones({400});
    tensors["stem.1.num_batches_tracked"] = at::zeros({});
    save(options_.inputs[0], tensors);
    const std::string notes = import(ImportKind::kVideoResnet);
    EXPECT_PRED2(contains, notes, std::string(name) + " of 16 frames");
    EXPECT_PRED2(contains, notes, "3 tensors left out");
    EXPECT_PRED2(contains, notes, "400 classes");
    EXPECT_EQ(metadata().at("kind"), "backbone");
    EXPECT_EQ(metadata().at("backbone.name"), name);
    EXPECT_EQ(metadata().at("input.size"), "112");
    EXPECT_EQ(read_backbone(options_.output).network->embedding_size(), 512);
  }
}

TEST_F(ClipNetworks, AClassifierOfTwoBecomesAModel) {
  const TensorMap tensors =
      backbone_kind(kMc318, "test").random_weights(1, {{kFrames, "8"}, {kClasses, "2"}});
  save(options_.inputs[0], tensors);
  options_.frames = 8;
  options_.size = 64;
  options_.fake_index = 0;
  options_.rate = {25, 2};
  const std::string notes = import(ImportKind::kVideoResnet);
  EXPECT_PRED2(contains, notes, "class 0 is the fake");
  EXPECT_PRED2(contains, notes, "25/2 samples");
  const ModelParts parts = read_model(options_.output);
  EXPECT_EQ(parts.config.window_length, 8);
  EXPECT_EQ(parts.config.input.size, 64);
  EXPECT_EQ(parts.config.input.crop, CropRule::kSquare);
  EXPECT_EQ(parts.config.input.margin, 1.3);
  EXPECT_EQ(parts.config.input.face_detector, "any");
  EXPECT_EQ(parts.config.sample_rate.numerator, 25);
  EXPECT_EQ(parts.config.sample_rate.denominator, 2);
  EXPECT_EQ(parts.config.temperature, 1);
  EXPECT_EQ(parts.config.head.type, "none");
  EXPECT_EQ(parts.config.head.settings.at("fake_index"), "0");
  const at::Tensor clips = at::linspace(-1, 1, 8 * 3 * 64 * 64).view({1, 8, 3, 64, 64});
  const at::Tensor logits = parts.networks.backbone->embed(clips);
  TensorSource source("test", tensors);
  const auto original =
      backbone_kind(kMc318, "test").make(source, "", {{kFrames, "8"}, {kClasses, "2"}});
  EXPECT_TRUE(at::allclose(logits, original->embed(clips)));
}

TEST_F(ClipNetworks, ALogitBecomesAModelToo) {
  save(options_.inputs[0],
       backbone_kind(kMc318, "test").random_weights(1, {{kFrames, "8"}, {kClasses, "1"}}));
  const std::string notes = import(ImportKind::kVideoResnet);
  EXPECT_FALSE(contains(notes, "is the fake"));
  const ModelParts parts = read_model(options_.output);
  EXPECT_EQ(parts.config.head.settings.count("fake_index"), 0U);
  EXPECT_EQ(parts.networks.backbone->embedding_size(), 1);
  EXPECT_EQ(parts.config.window_length, 16);
}

TEST_F(ClipNetworks, ASafetensorsFileOfOthersIsTaken) {
  options_.inputs = {(folder_ / "foreign.safetensors").string()};
  write_tensors(options_.inputs[0], {{"format", "pt"}},
                backbone_kind(kMc318, "test").random_weights(1, {{kFrames, "8"}}));
  EXPECT_PRED2(contains, import(ImportKind::kVideoResnet), "it has no classifier");
  // One that is ours is not.
  options_.inputs = {options_.output};
  options_.output = (folder_ / "again.safetensors").string();
  EXPECT_PRED2(contains, refused(ImportKind::kVideoResnet), "needs no import");
}

TEST_F(ClipNetworks, VivitIsSettledByItsTensorsAndItsConfiguration) {
  VivitConfig config = small_vivit();
  config.labels = 2;
  save(options_.inputs[0], vivit_kind().random_weights(1, to_settings(config, 4)));
  give_config(kConfigJson);
  EXPECT_PRED2(contains, import(ImportKind::kVivit), "vivit of 4 frames");
  const ModelParts parts = read_model(options_.output);
  EXPECT_EQ(parts.config.input.size, 32);
  EXPECT_EQ(parts.config.window_length, 4);
  const Metadata& settings = parts.config.backbone.settings;
  EXPECT_EQ(settings.at("heads"), "4");
  EXPECT_EQ(settings.at("activation"), "gelu");
  EXPECT_EQ(settings.at("epsilon"), "1e-05");
  EXPECT_EQ(settings.at("classes"), "2");
  EXPECT_EQ(parts.networks.backbone->embed(at::zeros({1, 4, 3, 32, 32})).size(1), 2);
}

TEST_F(ClipNetworks, VivitOfManyClassesIsABackboneOfAnyLength) {
  VivitConfig config = small_vivit();
  TensorMap tensors = vivit_kind().random_weights(1, to_settings(config, 4));
  tensors["classifier.weight"] = at::ones({400, 48});
  tensors["classifier.bias"] = at::ones({400});
  tensors["vivit.pooler.dense.bias"] = at::ones({48});
  save(options_.inputs[0], tensors);
  give_config(kConfigJson);
  options_.frames = 8;
  options_.size = 64;
  EXPECT_PRED2(contains, import(ImportKind::kVivit), "400 classes");
  const BackboneParts parts = read_backbone(options_.output);
  EXPECT_EQ(parts.input.size, 64);
  EXPECT_EQ(parts.info.settings.at("position_frames"), "4");
  EXPECT_EQ(parts.info.settings.at("position_size"), "32");
  EXPECT_EQ(parts.network->embed(at::zeros({1, 8, 3, 64, 64})).size(1), 48);
}

TEST_F(ClipNetworks, WithoutItsConfigurationWhatIsAssumedIsSaid) {
  VivitConfig config = small_vivit();
  config.image_size = 224;
  config.frames = 2;
  config.hidden_size = 64;
  save(options_.inputs[0], vivit_kind().random_weights(1, to_settings(config, 2)));
  EXPECT_PRED2(contains, import(ImportKind::kVivit), "224 pixels, 1 heads");
}

TEST_F(ClipNetworks, WrongConfigurationsAreRefusedByName) {
  save(options_.inputs[0], vivit_kind().random_weights(1, to_settings(small_vivit(), 4)));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "config.json expected"},
      {"[]", "config.json expected"},
      {R"({"image_size": "32"})", "image_size"},
      {R"({"image_size": 1e300})", "image_size"},
      {R"({"image_size": 64})", "64 pixels"},
      {R"({"image_size": 32, "num_attention_heads": 0})", "num_attention_heads"},
      {R"({"image_size": 32, "num_attention_heads": 5})", "heads"},
      {R"({"image_size": 32, "hidden_act": "swish"})", "swish"},
      {R"({"image_size": 32, "hidden_act": 3})", "hidden_act"},
      {R"({"image_size": 32, "layer_norm_eps": 7})", "layer_norm_eps"}};
  for (const auto& [json, named] : cases) {
    give_config(json);
    EXPECT_PRED2(contains, refused(ImportKind::kVivit), named);
  }
  options_.config = (folder_ / "missing.json").string();
  EXPECT_PRED2(contains, refused(ImportKind::kVivit), "no such file");
}

TEST_F(ClipNetworks, OtherNetworksAndSizesAreRefused) {
  save(options_.inputs[0], {{"conv.weight", at::zeros({3})}});
  EXPECT_PRED2(contains, refused(ImportKind::kVideoResnet), "not one of torchvision's");
  EXPECT_PRED2(contains, refused(ImportKind::kVivit), "patch_embeddings.projection.weight");
  TensorMap tensors = backbone_kind(kMc318, "test").random_weights(1, {{kFrames, "8"}});
  tensors["extra.weight"] = at::zeros({1});
  save(options_.inputs[0], tensors);
  EXPECT_PRED2(contains, refused(ImportKind::kVideoResnet), "extra.weight");
  options_.frames = 0;
  EXPECT_PRED2(contains, refused(ImportKind::kVideoResnet), "1 to 256");
  options_.frames = 16;
  options_.size = 8;
  EXPECT_PRED2(contains, refused(ImportKind::kVideoResnet), "takes 16 to 512");
  EXPECT_FALSE(std::filesystem::exists(options_.output));
}

}  // namespace
}  // namespace dfd
