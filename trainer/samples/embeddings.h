// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From crops to embeddings, once per clip: the frozen backbone's part of training.

#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/inception_resnet_v1.h"
#include "data/dataset.h"
#include "model/model_config.h"
#include "samples/crops.h"

namespace dfd {

// The seed's normalisation of pictures: ImageNet's mean and deviation, of values in [0, 255].
constexpr std::array<double, 3> kImageNetMean{0.485 * 255, 0.456 * 255, 0.406 * 255};
constexpr std::array<double, 3> kImageNetStd{0.229 * 255, 0.224 * 255, 0.225 * 255};

// Where embeddings are kept: the folder given, else one in the data set.
std::string cache_folder(const std::string& given, const std::string& data);

// A frozen backbone and where it came from.
struct Backbone {
  InceptionResnetV1 network;
  TensorMap tensors;  // Unfolded, for the model file.
  BackboneInfo info;
  InputRule input;  // Size, mean and std.
};

// "random:SEED", calibrated on crops of the clips, or a file of kind "backbone" or "model".
Backbone load_backbone(const std::string& name, const std::vector<Clip>& clips,
                       const SamplingRule& rule, const Say& say);

struct ClipFeatures {
  std::vector<at::Tensor> tracks;  // Each float [n, 512], 1 <= n <= T; none: no face was found.
  double sample_rate = 0;
  bool failed = false;  // The clip could not be read.
};

struct EmbedProgress {
  Say say;
  std::function<void(int done, int of, int computed)> embedded;
};

// Embeddings of each clip, from the cache folder where they are known, else computed and put there.
// The key holds the clip's digest, the backbone's and the rule. Clips that cannot be read are said
// and marked; damaged cache files are said, set aside and made anew. clips: with digests.
std::vector<ClipFeatures> embed_clips(const std::vector<Clip>& clips, const Backbone& backbone,
                                      const SamplingRule& rule, const std::string& cache,
                                      const EmbedProgress& progress);

// n rows to exactly frames rows: there and back again, never zeros.
at::Tensor reflect_to_length(const at::Tensor& embeddings, int frames);

}  // namespace dfd
