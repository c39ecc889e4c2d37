// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/model_config.h"

#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "scoring/model_parts.h"
#include "support/test_model.h"

namespace dfd {
namespace {

class ModelConfigTest : public testing::Test {
 protected:
  ModelConfigTest()
      : path_((test::scratch_folder("model_config") / "m").string()),
        metadata_(to_metadata(test::test_config())) {}

  ModelConfig parse() {
    write_safetensors(path_, metadata_, {});
    return read_config(SafetensorsFile(path_));
  }

  void expect_error(ErrorCode code, const std::string& text) {
    try {
      parse();
      FAIL() << "accepted; expected: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  }

  std::string path_;
  Metadata metadata_;
};

TEST_F(ModelConfigTest, SurvivesTheFile) {
  ModelConfig config = test::test_config();
  config.input.mean = {0.1, 123.675, 1.0 / 3};
  config.sample_rate = {20, 3};
  config.threshold = 0.625;
  config.training = {{"split", "people"}};
  config.backbone.settings = {{"frames", "16"}};
  metadata_ = to_metadata(config);
  const ModelConfig read = parse();
  EXPECT_EQ(read.input.mean, config.input.mean);
  EXPECT_EQ(read.sample_rate.numerator, 20);
  EXPECT_EQ(read.sample_rate.denominator, 3);
  EXPECT_EQ(read.threshold, 0.625);
  EXPECT_EQ(read.training.at("split"), "people");
  EXPECT_EQ(read.backbone.warning, kRandomBackboneWarning);
  EXPECT_EQ(read.backbone.settings, config.backbone.settings);
}

TEST_F(ModelConfigTest, WhatElseAFileSaysStays) {
  metadata_["license"] = "LGPL-2.1-or-later";
  metadata_["training.card"] = "of before";
  metadata_["threshold"] = "0.25";
  write_safetensors(path_, metadata_, {});
  ModelConfig config = read_config(SafetensorsFile(path_));
  config.threshold = 0.75;
  config.training.erase("card");
  config.training["calibration"] = "new";
  metadata_ = with_config(SafetensorsFile(path_), config);
  EXPECT_EQ(metadata_["license"], "LGPL-2.1-or-later");
  EXPECT_EQ(metadata_["threshold"], "0.75");
  EXPECT_EQ(metadata_["training.calibration"], "new");
  EXPECT_EQ(metadata_.count("training.card"), 0U);
}

TEST_F(ModelConfigTest, TheMarginsRangeIsTheCropRules) {
  ModelConfig config = test::test_config();
  for (const CropRule rule : {CropRule::kAligned, CropRule::kSquare}) {
    config.input.crop = rule;
    config.input.margin = 1.3;
    metadata_ = to_metadata(config);
    EXPECT_EQ(parse().input.crop, rule);
    EXPECT_EQ(parse().input.margin, 1.3);
    metadata_["input.margin"] = "0";
    expect_error(ErrorCode::kCorruptModel, "input.margin");
    metadata_["input.margin"] = "20";
    expect_error(ErrorCode::kCorruptModel, "input.margin");
  }
}

TEST_F(ModelConfigTest, NothingThatServingNeedsIsGuessed) {
  for (const auto& [key, value] : to_metadata(test::test_config())) {
    if (key == "backbone.warning" || key == "kind") continue;  // The latter has its own text.
    metadata_ = to_metadata(test::test_config());
    metadata_.erase(key);
    expect_error(ErrorCode::kCorruptModel, "\"" + key + "\" is missing");
  }
}

TEST_F(ModelConfigTest, OtherKindsAndVersionsAreRefused) {
  metadata_["kind"] = "backbone";
  expect_error(ErrorCode::kUnsupportedModel, "holds a backbone, a model is needed");
  metadata_.erase("kind");
  expect_error(ErrorCode::kUnsupportedModel, "deepfake-trainer import");
  metadata_ = to_metadata(test::test_config());
  metadata_["format_version"] = "2";
  expect_error(ErrorCode::kUnsupportedModel, "format_version");
  metadata_ = to_metadata(test::test_config());
  metadata_["input.crop"] = "round";
  expect_error(ErrorCode::kUnsupportedModel, "input.crop");
}

TEST_F(ModelConfigTest, NetworksThatNobodyKnowsAreRefused) {
  metadata_["backbone.name"] = "vgg16";
  expect_error(
      ErrorCode::kUnsupportedModel,
      "backbone.name \"vgg16\", this version knows \"artifact_cnn\", \"inception_resnet_v1\"");
  metadata_ = to_metadata(test::test_config());
  metadata_["head.type"] = "transformer";
  expect_error(ErrorCode::kUnsupportedModel,
               "head.type \"transformer\", this version knows \"lstm\", \"mean\"");
}

TEST_F(ModelConfigTest, ANetworkMayWantSizesThatItCanHalve) {
  metadata_["backbone.name"] = "artifact_cnn";
  metadata_["input.size"] = "136";
  EXPECT_EQ(parse().input.size, 136);
  metadata_["input.size"] = "130";
  expect_error(ErrorCode::kCorruptModel, "multiple of 8");
  metadata_["input.size"] = "232";
  expect_error(ErrorCode::kCorruptModel, "128 to 224");
}

TEST_F(ModelConfigTest, KnowsPeopleWhereTheFileOrItsKindSaysSo) {
  EXPECT_FALSE(knows_people(parse()));  // Random.
  metadata_.erase("backbone.warning");
  EXPECT_TRUE(knows_people(parse()));
  metadata_["input.crop"] = "full-frame";
  EXPECT_FALSE(knows_people(parse()));
  metadata_ = to_metadata(test::test_config());
  metadata_["backbone.knows_people"] = "true";
  EXPECT_TRUE(knows_people(parse()));
  EXPECT_EQ(to_metadata(parse()), metadata_);
  metadata_.erase("backbone.warning");
  metadata_["backbone.knows_people"] = "false";
  EXPECT_FALSE(knows_people(parse()));
  metadata_["backbone.knows_people"] = "maybe";
  expect_error(ErrorCode::kCorruptModel, "backbone.knows_people");
}

TEST_F(ModelConfigTest, NumbersOutOfRangeAreRefused) {
  const auto try_value = [&](const char* key, const char* value) {
    metadata_ = to_metadata(test::test_config());
    metadata_[key] = value;
    expect_error(ErrorCode::kCorruptModel, key);
  };
  try_value("input.size", "74");
  try_value("input.size", "1025");
  try_value("input.size", "99999");
  try_value("input.size", "160 ");
  metadata_ = to_metadata(test::test_config());
  try_value("input.margin", "160");
  try_value("input.std", "1,2");
  try_value("input.std", "1,0,1");
  try_value("window.length", "0");
  try_value("window.length", "1e9");
  try_value("window.sample_rate", "5");
  try_value("window.sample_rate", "0/1");
  try_value("head.hidden_size", "99999999999999999999");
  try_value("head.layers", "0");
  try_value("calibration.temperature", "nan");
  try_value("threshold", "1.5");
}

TEST(Calibration, IsPlattScaling) {
  ModelConfig config;
  EXPECT_DOUBLE_EQ(calibrated(0, config), 0.5);
  config.bias = 2;
  config.temperature = 4;
  EXPECT_DOUBLE_EQ(calibrated(2, config), 0.5);
  EXPECT_NEAR(calibrated(6, config), 0.7310585786300049, 1e-15);
  EXPECT_GE(calibrated(-1e9, config), 0);
  EXPECT_LE(calibrated(1e9, config), 1);
}

}  // namespace
}  // namespace dfd
