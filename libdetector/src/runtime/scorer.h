// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Crops of many tracks in, embeddings and logits out: the one forward of serving.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "backbone/inception_resnet_v1.h"
#include "model/model_config.h"
#include "window/lanes.h"

namespace dfd {

// A crop and the track it belongs to.
struct Sample {
  Lanes* lanes = nullptr;  // Borrowed; one track at most once in a batch.
  cv::Mat crop;            // CV_8UC3, S x S, RGB.
};

struct SampleResult {
  std::optional<double> logit;   // When the track's window became full.
  std::vector<float> embedding;  // [D], of length 1.
};

// An interface so that tests of the rooms above need no network. Thread-compatible.
class Scorer {
 public:
  virtual ~Scorer() = default;

  // Embeds each sample and advances its track.
  virtual std::vector<SampleResult> score(const std::vector<Sample>& samples) = 0;

  // The logit so far of a track whose first window is not full.
  virtual std::optional<double> partial(const Lanes& track) = 0;
};

// A model file ready to run.
struct LoadedModel {
  ModelConfig config;
  std::string digest;  // SHA-256 of the file.
  std::unique_ptr<Scorer> scorer;
};

// Reads a file of kind "model" and folds its backbone. Throws Error: kNotFound, kIo, kCorruptModel,
// kUnsupportedModel, kOutOfMemory.
LoadedModel load_model(const std::string& path, const at::Device& device);

}  // namespace dfd
