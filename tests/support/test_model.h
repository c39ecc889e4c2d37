// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One random model a test run, made once in the build folder and shared: the network has no small
// form.

#pragma once

#include <filesystem>
#include <string>

#include "model/model_config.h"
#include "model/weights.h"

namespace dfd::test {

constexpr int kTestWindow = 4;  // Samples.
constexpr int kTestRate = 10;   // Samples a second.

// A model file of kind "model" for that region. Safe when several test programs start at once.
std::string shared_model(Region region = Region::kFaces);

// A random model of that seed, written beside and renamed.
void write_model(const std::filesystem::path& path, Region region, std::uint64_t seed);

// The same for full frames, of a small network over clips of kTestWindow pictures, which classifies
// by itself and says where it looked.
std::string clip_model();

// The same of a network that cannot be explained: the logit is the picture's mean.
std::string plain_model();

TensorMap lstm_weights();  // Of a head of the seed recipe's sizes, by formula.

ModelConfig test_config(Region region = Region::kFaces);

// A file of kind "face-detector": an MTCNN with weights by formula, which finds anything but faces.
std::string formula_mtcnn();

// An empty folder of this name in the build folder.
std::filesystem::path scratch_folder(const std::string& name);

// All bytes of a file; none where it is not.
std::string bytes_of(const std::filesystem::path& file);

// A file or folder of the shared test data, or empty where it is not.
std::filesystem::path shared_data(const std::string& name);

}  // namespace dfd::test
