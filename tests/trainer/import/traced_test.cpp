// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Traced networks: what Python wrote gives Python's numbers; hostile archives run nothing.

#include "import/traced.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "detector/error.h"
#include "judging/pictures.h"
#include "scoring/model_parts.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNoTorch = "python3-torch is not installed";
constexpr const char* kNoTorchvision = "python3-torchvision is not installed";

bool has(const std::string& module) {
  return std::system(("/usr/bin/python3 -c 'import " + module + "' 2>/dev/null").c_str()) == 0;
}

// The folder that write_traced.py filled.
fs::path written(const std::string& name, const std::string& how) {
  const fs::path folder = test::scratch_folder("traced-" + name + "-" + how);
  const std::string command = "/usr/bin/python3 '" DFD_SOURCE
                              "/tests/trainer/import/write_traced.py' " +
                              name + " " + how + " '" + folder.string() + "'";
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
  return folder;
}

at::Tensor floats(const fs::path& file, std::vector<std::int64_t> shape) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  at::Tensor values = at::empty({static_cast<std::int64_t>(bytes.size() / sizeof(float))});
  std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
  return values.view(shape);
}

TracedOptions options_for(const fs::path& folder, int size, Gives gives) {
  TracedOptions options;
  options.input = (folder / "network.pt").string();
  options.output = (folder / "network.safetensors").string();
  options.size = size;
  options.gives = gives;
  return options;
}

// Imports it as a backbone and compares what this gives with what Python gave.
void expect_pythons_numbers(const std::string& name, const std::string& how, int size,
                            int frames = 0) {
  SCOPED_TRACE(name + " " + how);
  const fs::path folder = written(name, how);
  TracedOptions options = options_for(folder, size, Gives::kEmbedding);
  options.takes_clips = frames > 0;
  options.frames = frames;
  options.channels_first = name != "tiny_clip";
  import_traced(options);
  const BackboneParts parts = read_backbone(options.output);
  at::Tensor input = frames == 0 || !options.channels_first
                         ? floats(folder / "input.raw",
                                  frames == 0 ? std::vector<std::int64_t>{2, 3, size, size}
                                              : std::vector<std::int64_t>{2, frames, 3, size, size})
                         : floats(folder / "input.raw", {2, 3, frames, size, size}).transpose(1, 2);
  const c10::InferenceMode guard;
  const at::Tensor expected = floats(folder / "output.raw", {2, -1});
  const at::Tensor found = parts.network->embed(input);
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_LT((found - expected).abs().max().item<float>(), 1e-4);
  EXPECT_GT(expected.std().item<float>(), 0.001) << "numbers that compare nothing";
  fs::remove_all(folder);  // Hundreds of MB.
}

// What importing says of it, as a backbone.
std::string complaint_of(const TracedOptions& options, ErrorCode code) {
  try {
    import_traced(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_FALSE(fs::exists(options.output));
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

void expect_refused(const std::string& name, const std::string& how,
                    const std::vector<std::string>& words) {
  const fs::path folder = written(name, how);
  const std::string said =
      complaint_of(options_for(folder, 64, Gives::kEmbedding), ErrorCode::kUnsupportedModel);
  for (const std::string& word : words) {
    EXPECT_NE(said.find(word), std::string::npos) << word << ": " << said;
  }
}

TEST(Traced, SmallNetworksGivePythonsNumbers) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  for (const char* how : {"trace", "grad", "script", "freeze"}) {
    expect_pythons_numbers("tiny", how, 64);
    expect_pythons_numbers("tiny_clip", how, 64, 5);
  }
  expect_pythons_numbers("asserting", "script", 64);
  expect_pythons_numbers("asserting", "freeze", 64);
  expect_pythons_numbers("elementwise", "trace", 64);
  expect_pythons_numbers("elementwise", "grad", 64);
}

// Written as the public detectors' own code writes them, in small.
TEST(Traced, XceptionClipAndTimmGivePythonsNumbers) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  for (const char* name : {"xception", "clip", "timm_block"}) {
    for (const char* how : {"trace", "grad"}) expect_pythons_numbers(name, how, 64);
  }
  for (const char* how : {"script", "freeze"}) expect_pythons_numbers("xception", how, 64);
}

TEST(Traced, TorchvisionsNetworksGivePythonsNumbers) {
  if (!has("torchvision")) GTEST_SKIP() << kNoTorchvision;
  for (const char* name : {"mobilenet_v3_small", "resnet18", "efficientnet_b0", "convnext_tiny"}) {
    expect_pythons_numbers(name, "trace", 64);
  }
  expect_pythons_numbers("resnet18", "script", 64);
  expect_pythons_numbers("mobilenet_v3_small", "freeze", 64);
  expect_pythons_numbers("r3d_18", "trace", 48, 8);
}

TEST(Traced, TorchvisionsTransformersGivePythonsNumbers) {
  if (!has("torchvision")) GTEST_SKIP() << kNoTorchvision;
  expect_pythons_numbers("vit_b_16", "trace", 224);
  expect_pythons_numbers("swin_t", "trace", 224);
}

TEST(Traced, ModelsScorePicturesAsPythonDoes) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  for (const char* name : {"tiny", "tiny_clip"}) {
    SCOPED_TRACE(name);
    const fs::path folder = written(name, "trace");
    TracedOptions options = options_for(folder, 64, Gives::kTwoLogits);
    options.mean = options.std = {127.5, 127.5, 127.5};
    options.window = 5;
    options.takes_clips = name == std::string("tiny_clip");
    options.frames = options.takes_clips ? 5 : 0;
    options.channels_first = false;
    import_traced(options);
    std::vector<std::string> pictures;
    for (int i = 0; i < 5; ++i) {
      pictures.push_back((folder / ("picture" + std::to_string(i) + ".ppm")).string());
    }
    const auto scored = score_pictures(options.output, pictures);
    const double expected = floats(folder / "score.raw", {1}).item<double>();
    EXPECT_NEAR(scored["logit"].get<double>(), expected, 1e-4);
    EXPECT_GT(std::abs(expected), 0.01);
    EXPECT_FALSE(scored["partial"].get<bool>());
    options.fake_index = 0;
    import_traced(options);
    EXPECT_NEAR(score_pictures(options.output, pictures)["logit"].get<double>(), -expected, 1e-4);
  }
}

TEST(Traced, WhatIsNoStraightLineIsNamedWithItsPlace) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  expect_refused("branching", "script", {".py:", "a branch (prim::If)", "torch.jit.trace"});
  expect_refused("looping", "script", {".py:", "a loop (for)", "torch.jit.trace"});
  expect_refused("random", "trace", {".py:", "operator \"randn\" is not one of those"});
  expect_refused("stateful", "script", {"__setstate__", "refused"});
}

TEST(Traced, WhatHangsOnTheBatchIsRefused) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  expect_refused("mixing", "trace", {"the others of the batch"});
  expect_refused("fixed", "trace", {"cannot run on 2 inputs"});
}

TEST(Traced, TheShapeOfWhatItGivesIsChecked) {
  if (!has("torch")) GTEST_SKIP() << kNoTorch;
  const fs::path folder = written("tiny", "trace");
  const auto code = ErrorCode::kUnsupportedModel;
  const std::string said = complaint_of(options_for(folder, 64, Gives::kLogit), code);
  EXPECT_NE(said.find("gives float of [1, 2], floats of [N] or [N, 1] expected"), std::string::npos)
      << said;
  TracedOptions clips = options_for(folder, 64, Gives::kEmbedding);
  clips.takes_clips = true;
  clips.frames = 4;
  EXPECT_NE(complaint_of(clips, code).find("cannot run"), std::string::npos);
  clips.size = 4;
  complaint_of(clips, ErrorCode::kInvalidArgument);
  const fs::path one = written("one_logit", "trace");
  complaint_of(options_for(one, 64, Gives::kTwoLogits), code);
  complaint_of(options_for(one, 64, Gives::kEmbedding), code);
}

TEST(Traced, OtherFilesAreToldApart) {
  const fs::path folder = test::scratch_folder("traced-others");
  TracedOptions options = options_for(folder, 64, Gives::kEmbedding);
  complaint_of(options, ErrorCode::kNotFound);
  std::ofstream(options.input) << "no archive";
  EXPECT_NE(complaint_of(options, ErrorCode::kUnsupportedModel).find("torch.jit.save"),
            std::string::npos);
}

}  // namespace
}  // namespace dfd
