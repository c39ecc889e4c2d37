// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A backbone and a head that are trained together, from pictures: from scratch, or the last layers
// of a backbone that was trained before.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/optim/adamw.h>

#include "backbone/backbone.h"
#include "heads/trainable_head.h"
#include "model/weights.h"
#include "samples/picture_pairs.h"
#include "scoring/model_parts.h"
#include "training/device.h"
#include "training/ranks.h"

namespace dfd {

struct NetworkOptions {
  std::string head = "mean";   // As make_trainable_head() has it.
  std::vector<Evidence> rows;  // Of the head, as make_trainable_head() has them.
  int fake_index = 1;          // Which of two classes is the fake; of "none" alone.
  int unfreeze = -1;           // Last layers of the backbone that are trained; -1: all.
  // Pictures whose batch norm statistics are taken together: the same however many there are in a
  // step, so that a step may be done in parts, one after another or by several machines.
  int group = 16;
  double learning_rate = 1e-3;
  double weight_decay = 0.02;  // Of weights; biases and norms have none (Loshchilov and Hutter).
  double label_smoothing = 0.02;
  double average = 0.998;  // Of the weights that are judged and kept: a step's part is the rest.
  // Part of the weights it began with in those that are judged, [0, 1): what it learned anew then
  // costs less of what it knew (Wortsman et al. 2022). Above 0 its head has to go on, too.
  double keep = 0;
  double gradient_limit = 5;   // Of the gradients' length over all weights.
  std::int64_t warm_up = 100;  // Steps until the learning rate is reached.
  std::uint64_t seed = 1;
  TrainingDevice device;
};

// The pairs of a step that a rank computes: whole groups, as many as the others' or one more.
// pairs: of a real and a fake window of so many samples. Throws Error(kInvalidArgument) when there
// are fewer groups than ranks.
PairRange share_of(int pairs, int samples, int group, int rank, int size);

// Thread-compatible. Several ranks have the same network, as long as all take the same steps.
class TrainedNetwork {
 public:
  // parts: not folded. ranks: borrowed; null: a single process. Throws Error(kInvalidArgument) for
  // options that cannot be, or a backbone that cannot be trained. Sets LibTorch's seed, which the
  // head's first weights come from.
  // head: tensors that the head begins with, by the names in model files, where they are all it has
  // and of its shapes; else it is a new one.
  TrainedNetwork(const NetworkOptions& options, const BackboneParts& parts,
                 const TensorMap& head = {}, Ranks* ranks = nullptr);

  // One step of AdamW. batch: the rank's share. part: of the training that is done, [0, 1): the
  // learning rate falls with it along a cosine. All that is drawn by chance depends on seed, step
  // and group. Returns the mean loss of all windows. Throws as Ranks.
  double step(const PictureBatch& batch, std::int64_t step, double part);

  // What is judged: moving averages of all weights and statistics and, where some of it is to be
  // kept, what they were at first. By the names in model files; changes with the next step.
  TensorMap judged() const;
  bool head_is_new() const { return head_is_new_; }
  HeadInfo head_info() const { return head_->info(); }
  std::string device() const;  // Such as "bf16 on cpu".

  // All that changes with steps, on the CPU, and back. Throws Error(kCorruptModel).
  TensorMap state() const;
  void restore(const TensorMap& state);

 private:
  void begin_head_with(const TensorMap& tensors);
  at::Tensor logits_of(const at::Tensor& pictures, std::int64_t windows,
                       NormStatisticsMap& statistics);
  at::Tensor embed_as_it_is(const at::Tensor& pictures) const;
  void keep_statistics(const NormStatisticsMap& sums, std::int64_t groups);
  void average(std::int64_t step);
  void set_rate(std::int64_t step, double part);
  double sum_over_ranks(double loss, NormStatisticsMap& sums);

  NetworkOptions options_;
  Ranks* ranks_;
  std::unique_ptr<Backbone> backbone_;
  bool learns_ = true;  // Can the backbone?
  TensorMap all_;  // Weights and statistics as they are, by the names in model files; not copies.
  std::unique_ptr<TrainableHead> head_;
  bool head_is_new_ = true;
  std::vector<at::Tensor> trained_;
  std::unique_ptr<torch::optim::AdamW> optimizer_;
  TensorMap averaged_;
  TensorMap first_;  // What it began with; empty, unless a part of that is kept.
};

// Weights as they are served on the CPU.
class ServedNetwork {
 public:
  // tensors: by the names in model files; copied.
  ServedNetwork(const TensorMap& tensors, const ModelConfig& config);

  at::Tensor logits(const at::Tensor& pictures, std::int64_t windows) const;  // float [N, K]

 private:
  Networks networks_;
};

}  // namespace dfd
