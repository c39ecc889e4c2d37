// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How autoencoders learn to give pictures back, some of them against a critic.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <c10/core/Device.h>
#include <opencv2/core.hpp>

#include "samples/autoencoder.h"
#include "samples/fake_parts.h"

namespace dfd {

struct AutoencoderTraining {
  // Of one that is adversarial three times as many: until it has a picture's likeness, there is
  // nothing to invent, and its critic learns as slowly as it does.
  std::int64_t steps = kAutoencoderSteps;
  int batch = 16;
  int side = 64;  // Of the crops: eight times the coarsest code's places; a multiple of 8.
  double learning_rate = 3e-3;
  std::uint64_t seed = 1;
  at::Device device = at::kCPU;
};

// A new one on the CPU, trained on crops and mirror images of those pictures (RGB, CV_8UC3, sides
// at least training.side) to give them back. The same bytes for the same arguments and number of
// threads on a CPU. stepped: called after each step with the number done and its loss, the critic's
// part left out. Throws Error(kInvalidArgument) for no pictures, smaller ones or another type, and
// options out of range; Error(kInference) when a loss is no number.
Autoencoder train_autoencoder(const AutoencoderKind& kind, const std::vector<cv::Mat>& pictures,
                              const AutoencoderTraining& training,
                              const std::function<void(std::int64_t step, double loss)>& stepped);

}  // namespace dfd
