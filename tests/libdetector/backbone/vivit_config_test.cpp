// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/vivit_config.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "backbone/backbone.h"
#include "backbone/vivit.h"
#include "detector/error.h"

namespace dfd {
namespace {

VivitConfig small() {
  VivitConfig config;
  config.image_size = 48;
  config.frames = 6;
  config.tubelet = {3, 16, 8};
  config.hidden_size = 128;
  config.layers = 2;
  config.heads = 4;
  config.intermediate_size = 96;
  config.activation = VivitActivation::kRelu;
  config.epsilon = 1e-5;
  config.qkv_bias = false;
  config.labels = 2;
  return config;
}

MetadataReader reader_of(const Metadata& settings) { return {"file", settings, "backbone."}; }

void expect_same(const VivitConfig& a, const VivitConfig& b) {
  EXPECT_EQ(a.image_size, b.image_size);
  EXPECT_EQ(a.frames, b.frames);
  EXPECT_EQ(a.tubelet, b.tubelet);
  EXPECT_EQ(a.hidden_size, b.hidden_size);
  EXPECT_EQ(a.layers, b.layers);
  EXPECT_EQ(a.heads, b.heads);
  EXPECT_EQ(a.intermediate_size, b.intermediate_size);
  EXPECT_EQ(a.activation, b.activation);
  EXPECT_EQ(a.epsilon, b.epsilon);
  EXPECT_EQ(a.qkv_bias, b.qkv_bias);
  EXPECT_EQ(a.labels, b.labels);
}

TEST(VivitConfig, SettingsSayAllOfIt) {
  const Metadata settings = to_settings(small(), 9);
  EXPECT_EQ(frames_of(reader_of(settings)), 9);
  expect_same(parse_vivit(reader_of(settings)), small());
  EXPECT_EQ(to_settings(small(), 6).count("position_frames"), 0U);
  expect_same(parse_vivit(reader_of(to_settings(small(), 6))), small());
}

TEST(VivitConfig, TensorsTellTheRest) {
  const TensorMap tensors = vivit_kind().random_weights(1, to_settings(small(), 6));
  VivitConfig said;
  said.image_size = 48;
  said.heads = 4;
  said.activation = VivitActivation::kRelu;
  said.epsilon = 1e-5;
  expect_same(complete_vivit(said, tensors, "file"), small());
  said.heads = 0;
  EXPECT_EQ(complete_vivit(said, tensors, "file").heads, 2);
}

TEST(VivitConfig, ATableForAnotherPictureIsRefusedWithItsSize) {
  const TensorMap tensors = vivit_kind().random_weights(1, to_settings(small(), 6));
  VivitConfig said = small();
  said.image_size = 80;
  try {
    complete_vivit(said, tensors, "file");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find("80 pixels"), std::string::npos) << error.what();
  }
}

TEST(VivitConfig, OtherTensorsAreRefusedByName) {
  const TensorMap tensors = vivit_kind().random_weights(1, to_settings(small(), 6));
  for (const char* name : {"vivit.embeddings.patch_embeddings.projection.weight",
                           "vivit.embeddings.position_embeddings",
                           "vivit.encoder.layer.0.intermediate.dense.weight"}) {
    for (const bool flat : {false, true}) {
      TensorMap changed = tensors;
      changed.erase(name);
      if (flat) changed[name] = at::zeros({4});
      try {
        complete_vivit(small(), changed, "file");
        ADD_FAILURE() << "accepted without " << name;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
        EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
      }
    }
  }
}

TEST(VivitConfig, AllWordsForTheApproximationMeanIt) {
  for (const char* word : {"gelu_fast", "gelu_new", "gelu_pytorch_tanh"}) {
    EXPECT_EQ(vivit_activation(word, "file"), VivitActivation::kGeluTanh);
  }
  EXPECT_EQ(vivit_activation("gelu", "file"), VivitActivation::kGelu);
  EXPECT_THROW(vivit_activation("swish", "file"), Error);
}

// Each with what the complaint must name.
TEST(VivitConfig, HostileSettingsAreRefused) {
  const std::vector<std::pair<Metadata, std::string>> cases{
      {{{"frames", "0"}}, "backbone.frames"},
      {{{"frames", "2"}}, "fill no tubelet"},
      {{{"frames", "1000000"}}, "backbone.frames"},
      {{{"position_frames", "257"}}, "backbone.position_frames"},
      {{{"position_frames", "2"}}, "tokens"},
      {{{"position_size", "4"}}, "tokens"},
      {{{"position_size", "1024"}, {"tubelet", "1,1,1"}}, "tokens"},
      {{{"position_size", "99999999"}}, "backbone.position_size"},
      {{{"tubelet", "0,16,16"}}, "backbone.tubelet"},
      {{{"tubelet", "2,16"}}, "backbone.tubelet"},
      {{{"tubelet", "2,16,1.5"}}, "backbone.tubelet"},
      {{{"tubelet", "2,16,nan"}}, "backbone.tubelet"},
      {{{"tubelet", "2,16,64"}}, "backbone.tubelet"},
      {{{"heads", "3"}}, "heads"},
      {{{"heads", "0"}}, "backbone.heads"},
      {{{"layers", "65"}}, "backbone.layers"},
      {{{"layers", "-1"}}, "backbone.layers"},
      {{{"hidden_size", "1000000000"}}, "backbone.hidden_size"},
      {{{"hidden_size", "4096"}, {"layers", "64"}}, "weights"},
      {{{"intermediate_size", "0"}}, "backbone.intermediate_size"},
      {{{"epsilon", "0"}}, "backbone.epsilon"},
      {{{"epsilon", "nan"}}, "backbone.epsilon"},
      {{{"qkv_bias", "yes"}}, "backbone.qkv_bias"},
      {{{"classes", "400"}}, "backbone.classes"}};
  for (const auto& [change, named] : cases) {
    Metadata settings = to_settings(small(), 6);
    for (const auto& [key, value] : change) settings[key] = value;
    try {
      parse_vivit(reader_of(settings));
      ADD_FAILURE() << "accepted, where " << named << " is wrong";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptModel) << error.what();
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  }
}

TEST(VivitConfig, NothingIsGuessed) {
  for (const auto& [key, value] : to_settings(small(), 6)) {
    if (key == kClasses) continue;
    Metadata settings = to_settings(small(), 6);
    settings.erase(key);
    EXPECT_THROW(parse_vivit(reader_of(settings)), Error) << key;
  }
}

}  // namespace
}  // namespace dfd
