// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Crops of many tracks in, embeddings and logits out: the one forward of serving.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "backbone/input.h"
#include "detector/config.h"
#include "detector/report.h"
#include "model/model_config.h"
#include "scoring/model_parts.h"
#include "window/head.h"

namespace dfd {

// A face, or a picture, to be scored, and the track it belongs to.
struct Sample {
  // The track's window, borrowed; null inside before its first sample, which makes it. One track at
  // most once in a batch.
  std::unique_ptr<Window>* window = nullptr;
  int window_stride = 1;                 // Samples between two windows.
  CropPlan plan;                         // Its frame must outlive crop().
  cv::Mat crop;                          // CV_8UC3, S x S, RGB: made by crop().
  std::int64_t slot = -1;                // The scorer's own: where it keeps the crop on its device.
  std::optional<ExplainMethod> explain;  // Heeded where the sample fills a window.
};

struct SampleResult {
  std::optional<WindowLogit> logit;  // When the track's window became full.
  std::vector<float> embedding;      // [D]; empty where the network takes whole clips.
  std::optional<Heatmap> map = {};   // Where it was asked for, and the networks can be explained.
};

// An interface so that tests of the rooms above need no network. Thread-compatible; built, used and
// destroyed by one thread, or by several one after another.
class Scorer {
 public:
  virtual ~Scorer() = default;

  // Runs once what will be run often, so that the first frames need not wait for it.
  virtual void warm_up() {}

  // Makes the crops of these samples from their plans.
  virtual void crop(const std::vector<Sample*>& samples) = 0;

  // Embeds each sample and advances its track. samples: any of those of the last crop().
  virtual std::vector<SampleResult> score(const std::vector<Sample>& samples) = 0;

  // Can samples be explained?
  virtual bool explains() const { return false; }

  // The logit so far of a track whose first window is not full.
  virtual std::optional<WindowLogit> partial(const Window& window) = 0;
};

// A model file ready to run.
struct LoadedModel {
  ModelConfig config;
  std::string digest;  // SHA-256 of the file.
  std::unique_ptr<Scorer> scorer;
};

// --- For scorers

// The samples' windows, in their order; those that are missing are made, of so many samples.
std::vector<Window*> windows_of(const std::vector<Sample>& samples, const Head& head, int length);

// What became of the samples whose embeddings are the rows of float [N, D], contiguous, on the
// host.
std::vector<SampleResult> results_of(const std::vector<std::optional<WindowLogit>>& logits,
                                     const at::Tensor& embeddings);

// The samples that are to be explained, each with what its window held before it: to be taken
// before the tracks are advanced.
struct ToExplain {
  std::size_t sample;  // Index.
  std::unique_ptr<WindowMemory> before;
  ExplainMethod method;
};
std::vector<ToExplain> to_explain(const std::vector<Sample>& samples, const Backbone& backbone,
                                  const Head& head);

// Crops on the CPU, for scorers that need nothing better.
void crop_on_cpu(const std::vector<Sample*>& samples, const InputRule& rule);

// The one for a CUDA device; the room cuda has it. Takes all of source's tensors. device: with an
// index. type: of the backbone; the head computes in float. Throws Error(kUnsupportedModel), in a
// build without CUDA Error(kDeviceUnavailable), and LibTorch's errors.
std::unique_ptr<Scorer> make_cuda_scorer(TensorSource& source, const ModelConfig& config,
                                         const at::Device& device, at::ScalarType type);

// Reads a file of kind "model" and folds its backbone. precision: not kAuto. Throws Error:
// kNotFound, kIo, kCorruptModel, kUnsupportedModel, kOutOfMemory.
LoadedModel load_model(const std::string& path, const at::Device& device,
                       Precision precision = Precision::kFp32);

}  // namespace dfd
