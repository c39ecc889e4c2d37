// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heads/trainable_head.h"

#include <algorithm>
#include <utility>

#include <torch/nn/modules/linear.h>

#include "base/check.h"
#include "heads/trainable_lstm_head.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

struct TrainableMeanHead : TrainableHead {
  TrainableMeanHead(std::int64_t embedding_size, std::vector<Evidence> kinds)
      : rows(std::move(kinds)),
        classifier(register_module(
            "classifier",
            torch::nn::Linear(embedding_size, std::max<std::size_t>(1, rows.size())))) {}

  at::Tensor forward(const at::Tensor& embeddings) override {
    return classifier->forward(embeddings.mean(1));
  }
  HeadInfo info() const override { return mean_info(classifier->options.in_features(), rows); }

  std::vector<Evidence> rows;
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
                                                   std::int64_t embedding_size,
                                                   const std::vector<Evidence>& rows,
                                                   int fake_index) {
  if (type == kMean) return std::make_unique<TrainableMeanHead>(embedding_size, rows);
  DFD_REQUIRE(
      type == kLstm || type == kNone, ErrorCode::kInvalidArgument,
      "head \"" << type << "\": " << kLstm << ", " << kMean << " or " << kNone << " expected");
  DFD_REQUIRE(rows.empty(), ErrorCode::kInvalidArgument,
              "head \"" << type << "\" knows no kinds of evidence; train with " << kMean);
  if (type == kNone) return std::make_unique<NoTrainableHead>(embedding_size, fake_index);
  HeadSizes sizes;
  sizes.embedding = embedding_size;
  return std::make_unique<TrainableLstmHead>(sizes);
}

}  // namespace dfd
