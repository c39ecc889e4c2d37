// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_head.h"

#include <torch/nn/modules/linear.h>

#include "base/check.h"
#include "heads/trainable_lstm_head.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

struct TrainableMeanHead : TrainableHead {
  explicit TrainableMeanHead(std::int64_t embedding_size)
      : classifier(register_module("classifier", torch::nn::Linear(embedding_size, 1))) {}

  at::Tensor forward(const at::Tensor& embeddings) override {
    return classifier->forward(embeddings.mean(1)).squeeze(1);
  }
  HeadInfo info() const override { return mean_info(classifier->options.in_features()); }

  torch::nn::Linear classifier;
};

}  // namespace

std::unique_ptr<TrainableHead> make_trainable_head(const std::string& type,
                                                   std::int64_t embedding_size) {
  if (type == kMean) return std::make_unique<TrainableMeanHead>(embedding_size);
  DFD_REQUIRE(type == kLstm, ErrorCode::kInvalidArgument,
              "head \"" << type << "\": " << kLstm << " or " << kMean << " expected");
  HeadSizes sizes;
  sizes.embedding = embedding_size;
  return std::make_unique<TrainableLstmHead>(sizes);
}

}  // namespace dfd
