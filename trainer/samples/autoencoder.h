// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Small convolutional autoencoders. What one makes of a picture looks like the picture and has the
// traces of a decoder that upsamples, as all generators of pictures do (Odena, Dumoulin and Olah
// 2016, "Deconvolution and Checkerboard Artifacts"; Zhang, Karaman and Chang 2019, "Detecting and
// Simulating Artifacts in GAN Fake Images").

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include "model/weights.h"
#include "samples/fake_parts.h"

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
};

// All of them. Any run of two has both factors and two upsamplings, any run of three all three.
constexpr std::array<AutoencoderKind, 6> kAutoencoderKinds{{{Upsampling::kNearest, 4},
                                                            {Upsampling::kTransposed, 8},
                                                            {Upsampling::kPixelShuffle, 4},
                                                            {Upsampling::kNearest, 8},
                                                            {Upsampling::kTransposed, 4},
                                                            {Upsampling::kPixelShuffle, 8}}};

std::string to_string(
    const AutoencoderKind& kind);  // "nearest-4", "transposed-8", "shuffle-4", ...

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

struct AutoencoderTraining {
  std::int64_t steps = kAutoencoderSteps;
  int batch = 16;
  int side = 64;  // Of the crops: eight times the coarsest code's places; a multiple of 8.
  double learning_rate = 3e-3;
  std::uint64_t seed = 1;
  at::Device device = at::kCPU;
};

// A new one on the CPU, trained on crops and mirror images of those pictures (RGB, CV_8UC3, sides
// at least training.side) to give them back. The same bytes for the same arguments and number of
// threads on a CPU. stepped: called after each step with the number done and its loss. Throws
// Error(kInvalidArgument) for no pictures, smaller ones or another type, and options out of range;
// Error(kInference) when a loss is no number.
Autoencoder train_autoencoder(const AutoencoderKind& kind, const std::vector<cv::Mat>& pictures,
                              const AutoencoderTraining& training,
                              const std::function<void(std::int64_t step, double loss)>& stepped);

}  // namespace dfd
