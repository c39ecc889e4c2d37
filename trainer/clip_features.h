// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From clips to embeddings, once per clip: the frozen backbone's part of training.

#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "backbone/inception_resnet_v1.h"
#include "dataset.h"
#include "detector/config.h"
#include "model/model_config.h"

namespace dfd {

// The seed's normalisation of pictures: ImageNet's mean and deviation, of values in [0, 255].
constexpr std::array<double, 3> kImageNetMean{0.485 * 255, 0.456 * 255, 0.406 * 255};
constexpr std::array<double, 3> kImageNetStd{0.229 * 255, 0.224 * 255, 0.225 * 255};

// Where embeddings are kept: the folder given, else one in the data set.
std::string cache_folder(const std::string& given, const std::string& data);

enum class FrameChoice {
  kEven,  // floor(i * n / T): the whole clip.
  kSeed,  // Every max(n / T, 1)-th, the first T of them.
};

struct SamplingRule {
  InputRule input;
  int frames = 20;  // T
  FrameChoice choice = FrameChoice::kEven;
  std::string face_model;  // MTCNN's weights; empty: OpenCV's cascade.
};

// The crops of one clip: of its longest track, or of the full frames.
struct ClipCrops {
  std::vector<cv::Mat> crops;  // At most T; fewer where the face was not found.
  double sample_rate = 0;      // T over the clip's length, in hertz; 0 when unknown.
};

// Throws Error: kNotFound, kIo.
ClipCrops read_crops(const std::string& path, const SamplingRule& rule);

// A frozen backbone and where it came from.
struct Backbone {
  InceptionResnetV1 network;
  TensorMap tensors;  // Unfolded, for the model file.
  BackboneInfo info;
  InputRule input;  // Size, mean and std.
};

// "random:SEED", calibrated on crops of the clips, or a file of kind "backbone" or "model".
Backbone load_backbone(const std::string& name, const std::vector<Clip>& clips,
                       const SamplingRule& rule);

struct ClipFeatures {
  at::Tensor embeddings;  // float [n, 512], 1 <= n <= T; undefined: no face was found.
  double sample_rate = 0;
};

// Embeddings of each clip, from the cache folder where they are known, else computed and put there.
// The key holds the clip's digest, the backbone's and the rule. progress: clips done, of, computed.
std::vector<ClipFeatures> embed_clips(const std::vector<Clip>& clips, const Backbone& backbone,
                                      const SamplingRule& rule, const std::string& cache,
                                      const std::function<void(int, int, int)>& progress);

// n rows to exactly frames rows: there and back again, never zeros.
at::Tensor reflect_to_length(const at::Tensor& embeddings, int frames);

}  // namespace dfd
