// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/release.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "scoring/model_parts.h"
#include "support/test_model.h"

namespace dfd {
namespace {

class Release : public testing::Test {
 protected:
  std::filesystem::path folder_ = test::scratch_folder("release");
  ReleaseOptions options_{test::shared_model(), (folder_ / "m.safetensors").string(), "CC0-1.0",
                          "drawn by a formula"};
};

TEST_F(Release, IsHalfAsLargeAndSaysWhoseItIs) {
  release_model(options_);
  const auto before = std::filesystem::file_size(options_.model);
  EXPECT_LT(std::filesystem::file_size(options_.output), before * 6 / 10);
  const SafetensorsFile file(options_.output);
  EXPECT_EQ(file.metadata().at("license"), "CC0-1.0");
  EXPECT_EQ(file.metadata().at("attribution"), "drawn by a formula");
}

TEST_F(Release, LoadsAsTheModelThatItWas) {
  release_model(options_);
  const SafetensorsFile released(options_.output);
  const ModelConfig config = read_config(released);
  TensorSource source(options_.output, read_tensors(released));
  make_networks(source, config, at::kCPU, at::kFloat);
  const SafetensorsFile original(options_.model);
  EXPECT_EQ(to_metadata(read_config(original)).at("threshold"),
            to_metadata(config).at("threshold"));
}

TEST_F(Release, AWeightBeyondItsRangeIsRefused) {
  const SafetensorsFile file(options_.model);
  TensorMap tensors = read_tensors(file);
  tensors.begin()->second.fill_(1e6);
  options_.model = (folder_ / "large.safetensors").string();
  write_tensors(options_.model, file.metadata(), tensors);
  try {
    release_model(options_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupportedModel);
    EXPECT_NE(std::string(error.what()).find(tensors.begin()->first), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(options_.output));
}

TEST_F(Release, AnotherKindOfFileIsRefused) {
  options_.model = test::formula_mtcnn();
  EXPECT_THROW(release_model(options_), Error);
}

}  // namespace
}  // namespace dfd
