// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Small convolutional autoencoders. What one makes of a picture looks like the picture and has the
// traces of a decoder that upsamples, as all generators of pictures do (Odena, Dumoulin and Olah
// 2016, "Deconvolution and Checkerboard Artifacts"; Zhang, Karaman and Chang 2019, "Detecting and
// Simulating Artifacts in GAN Fake Images").

#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "model/weights.h"

namespace dfd {

// How a decoder doubles its picture's sides.
enum class Upsampling {
  kNearest,       // Each place four times, then a convolution.
  kTransposed,    // A transposed convolution of 3, whose kernels overlap unevenly.
  kPixelShuffle,  // Four times the channels, then each four of them as 2x2 places.
};

struct AutoencoderKind {
  Upsampling upsampling = Upsampling::kNearest;
  int factor = 4;  // Sides of the picture over those of its code: 4 or 8.
  // Its code holds a quarter as much, and what that loses it learns to invent against a critic, as
  // generators do (Esser, Rombach and Ommer 2021, "Taming Transformers", VQGAN).
  bool adversarial = false;
};

// All of them. Any run of three has all three upsamplings. None of factor 4 is adversarial: what
// its code loses leaves little to invent.
constexpr std::array<AutoencoderKind, 9> kAutoencoderKinds{{{Upsampling::kNearest, 4},
                                                            {Upsampling::kTransposed, 8, true},
                                                            {Upsampling::kPixelShuffle, 4},
                                                            {Upsampling::kNearest, 8, true},
                                                            {Upsampling::kTransposed, 4},
                                                            {Upsampling::kPixelShuffle, 8, true},
                                                            {Upsampling::kNearest, 8},
                                                            {Upsampling::kTransposed, 8},
                                                            {Upsampling::kPixelShuffle, 8}}};

// "nearest-4", "transposed-8-adversarial", "shuffle-8", ...
std::string to_string(const AutoencoderKind& kind);

// RGB, CV_8UC3, of any size; float [3, H, W] in [0, 1], a copy.
at::Tensor as_tensor(const cv::Mat& rgb);

// Of the weights, its name: those that make colours of the last features.
inline constexpr const char* kAutoencoderLast = "decoder.last.weight";

// Thread-safe after construction, unless its weights are being trained.
class Autoencoder {
 public:
  // With weights by chance, a function of kind and seed; on the CPU.
  Autoencoder(const AutoencoderKind& kind, std::uint64_t seed);
  // Weights as weights() gives them, float; not copied. Throws Error(kCorruptModel) for others.
  Autoencoder(const AutoencoderKind& kind, TensorMap weights);

  Autoencoder on(at::Device device) const;  // Its weights there; shared where they are already.

  const AutoencoderKind& kind() const { return kind_; }
  const TensorMap& weights() const { return weights_; }

  // pictures: float [N, 3, H, W] in [0, 1], RGB, sides multiples of the factor, on the weights'
  // device. The same shape; some numbers may lie outside of [0, 1].
  at::Tensor forward(const at::Tensor& pictures) const;

  // RGB, CV_8UC3, of any size, and so is what comes out. Throws Error(kInvalidArgument) for another
  // type or no pixels.
  cv::Mat reconstruct(const cv::Mat& rgb) const;

 private:
  AutoencoderKind kind_;
  TensorMap weights_;
};

}  // namespace dfd
