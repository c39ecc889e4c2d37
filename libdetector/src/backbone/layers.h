// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The layers of InceptionResnetV1 and the order they run in, written once. What runs them is an
// Ops: LibTorch's operators (inception_resnet_v1.cpp) or a list of oneDNN primitives
// (cpu_plans.cpp).

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

namespace dfd {

constexpr double kBatchNormEpsilon = 1e-3;  // facenet-pytorch; PyTorch's own default is 1e-5.

// One convolution with what follows it. Unfolded: convolution, batch norm, ReLU. Folded, the batch
// norm's factors are in weight and bias.
struct ConvUnit {
  std::string name;  // Of the weights, such as "repeat_1.0.branch0".
  at::Tensor weight, bias;
  at::Tensor gamma, beta, mean, variance;  // Undefined when folded.
  std::vector<std::int64_t> stride, padding;
};

// Inception block: branches side by side, joined; with a projection it is residual.
struct Block {
  std::string name;
  std::vector<std::vector<ConvUnit>> branches;
  bool pooled_branch = false;  // A max pool as the last branch.
  at::Tensor projection, projection_bias;
  double scale = 1;  // Of the projection, before it is added to the block's input. Folded: 1.
  bool relu = true;
};

struct Layers {
  // Gives the tensor of that name and shape.
  using Take = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

  Layers(const Take& take, const std::string& prefix);

  std::vector<ConvUnit*> units();    // All convolutions.
  std::vector<Block*> projecting();  // All residual blocks.

  // Puts every batch norm's factors, and the blocks' scales, into the weights before them.
  void fold();

  std::vector<ConvUnit> stem;  // A pool follows the third.
  std::vector<Block> repeat_1, repeat_2, repeat_3;
  Block mixed_6a, mixed_7a, block8;
  ConvUnit last;  // Linear [512, 1792] without bias, then a batch norm.
};

// Ops has a copyable type Value and the members
//   Value conv(const ConvUnit&, const Value&)      convolution, batch norm if unfolded, ReLU
//   Value max_pool(const Value&)                   3x3, stride 2
//   Value join(const std::vector<Value>&)          along the channels
//   Value project(const Block&, Value joined, Value x)  x + scale * projection(joined), ReLU or not
//   void tell(const char* stage, const Value&)     for tests
template <typename Ops>
typename Ops::Value run_block(Ops& ops, const Block& block, const typename Ops::Value& x) {
  std::vector<typename Ops::Value> outputs;
  for (const auto& branch : block.branches) {
    typename Ops::Value y = x;
    for (const ConvUnit& unit : branch) y = ops.conv(unit, y);
    outputs.push_back(std::move(y));
  }
  if (block.pooled_branch) outputs.push_back(ops.max_pool(x));
  typename Ops::Value joined = ops.join(outputs);
  outputs.clear();
  return block.projection.defined() ? ops.project(block, std::move(joined), x) : joined;
}

template <typename Ops>
typename Ops::Value run_repeat(Ops& ops, const char* stage, const std::vector<Block>& blocks,
                               typename Ops::Value x) {
  for (const Block& block : blocks) x = run_block(ops, block, x);
  ops.tell(stage, x);
  return x;
}

template <typename Ops>
typename Ops::Value run_once(Ops& ops, const char* stage, const Block& block,
                             const typename Ops::Value& x) {
  typename Ops::Value y = run_block(ops, block, x);
  ops.tell(stage, y);
  return y;
}

// [N, 3, S, S] -> repeat_2's feature map [N, 896, h, w]: the last one with more than a few places,
// 8x8 for S = 160.
template <typename Ops>
typename Ops::Value run_lower_layers(Ops& ops, const Layers& layers, typename Ops::Value x) {
  static constexpr std::array kStem{"conv2d_1a", "conv2d_2a", "conv2d_2b",
                                    "conv2d_3b", "conv2d_4a", "conv2d_4b"};
  for (std::size_t i = 0; i < kStem.size(); ++i) {
    x = ops.conv(layers.stem[i], x);
    ops.tell(kStem[i], x);
    if (i == 2) {
      x = ops.max_pool(x);
      ops.tell("maxpool_3a", x);
    }
  }
  x = run_repeat(ops, "repeat_1", layers.repeat_1, std::move(x));
  x = run_once(ops, "mixed_6a", layers.mixed_6a, x);
  return run_repeat(ops, "repeat_2", layers.repeat_2, std::move(x));
}

// repeat_2's feature map -> the last one [N, 1792, h, w].
template <typename Ops>
typename Ops::Value run_upper_layers(Ops& ops, const Layers& layers, typename Ops::Value x) {
  x = run_once(ops, "mixed_7a", layers.mixed_7a, x);
  x = run_repeat(ops, "repeat_3", layers.repeat_3, std::move(x));
  return run_once(ops, "block8", layers.block8, x);
}

// [N, 3, S, S] -> the last feature map [N, 1792, h, w].
template <typename Ops>
typename Ops::Value run_layers(Ops& ops, const Layers& layers, typename Ops::Value x) {
  return run_upper_layers(ops, layers, run_lower_layers(ops, layers, std::move(x)));
}

}  // namespace dfd
