// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_head.h"

#include <torch/nn/modules/linear.h>

#include "base/check.h"
#include "heads/trainable_lstm_head.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

struct TrainableMeanHead : TrainableHead {
  TrainableMeanHead(std::int64_t embedding_size, bool evidence)
      : classifier(register_module(
            "classifier", torch::nn::Linear(embedding_size, evidence ? kEvidence.size() : 1))) {}

  at::Tensor forward(const at::Tensor& embeddings) override {
    return classifier->forward(embeddings.mean(1));
  }
  HeadInfo info() const override {
    return mean_info(classifier->options.in_features(), classifier->options.out_features() > 1);
  }

  torch::nn::Linear classifier;
};

// Nothing to learn: the backbone's own classifier is what is trained.
struct NoTrainableHead : TrainableHead {
  NoTrainableHead(std::int64_t classes, int fake_index)
      : head(none_info(classes, fake_index)),
        weight(register_buffer("weight", none_weight(head, "a new head"))) {}

  at::Tensor forward(const at::Tensor& embeddings) override {
    return at::matmul(embeddings.mean(1), weight.t());
  }
  HeadInfo info() const override { return head; }

  HeadInfo head;
  at::Tensor weight;  // float [1, classes]
};

}  // namespace

std::unique_ptr<TrainableHead> make_trainable_head(const std::string& type,
                                                   std::int64_t embedding_size, bool evidence,
                                                   int fake_index) {
  if (type == kMean) return std::make_unique<TrainableMeanHead>(embedding_size, evidence);
  DFD_REQUIRE(
      type == kLstm || type == kNone, ErrorCode::kInvalidArgument,
      "head \"" << type << "\": " << kLstm << ", " << kMean << " or " << kNone << " expected");
  DFD_REQUIRE(!evidence, ErrorCode::kInvalidArgument,
              "head \"" << type << "\" knows no kinds of evidence; train with " << kMean);
  if (type == kNone) return std::make_unique<NoTrainableHead>(embedding_size, fake_index);
  HeadSizes sizes;
  sizes.embedding = embedding_size;
  return std::make_unique<TrainableLstmHead>(sizes);
}

}  // namespace dfd
