// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/state.h"

#include <cstdint>

#include <torch/utils.h>

namespace dfd {
namespace {

TrainableLstmHead seeded_head(std::uint64_t seed, const HeadSizes& sizes) {
  torch::manual_seed(seed);
  return TrainableLstmHead(sizes);
}

}  // namespace

TrainingState::TrainingState(const TrainOptions& options, const HeadSizes& sizes)
    : head(seeded_head(options.seed, sizes)), optimizer(head.parameters(), options.learning_rate) {}

}  // namespace dfd
