// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/state.h"

#include <cstdint>

namespace dfd {
namespace {

TrainableLstmHead seeded_head(std::uint64_t seed) {
  torch::manual_seed(seed);
  return TrainableLstmHead(HeadSizes());
}

}  // namespace

TrainingState::TrainingState(const TrainOptions& options)
    : head(seeded_head(options.seed)), optimizer(head.parameters(), options.learning_rate) {}

}  // namespace dfd
