// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any network of convolutions as a backbone: by LibTorch's operators, or folded on the CPU, unless
// it takes clips, by oneDNN's primitives.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/aten_ops.h"
#include "backbone/backbone.h"
#include "backbone/cpu_plans.h"
#include "backbone/ops.h"

namespace dfd {

class ConvBackbone : public Backbone {
 public:
  enum class Length { kAsItIs, kOne };  // Of embeddings.

  ConvBackbone(std::shared_ptr<ConvNetwork> network, Length length);

  int clip_length() const override { return network_->clip_length(); }

  at::Tensor embed(const at::Tensor& crops) const override { return embed(crops, {}); }
  // To find a fault: a probe sees LibTorch's operators at work.
  at::Tensor embed(const at::Tensor& crops, const AtenOps::Probe& probe) const;
  std::int64_t embedding_size() const override;

  // Folds the batch norms into the convolutions and moves the weights. On the CPU oneDNN's
  // primitives run it where it takes pictures and the library was built with them, else LibTorch's
  // operators on channels-last tensors.
  void fold(const at::Device& device, at::ScalarType type = at::kFloat) override;

  bool has_feature_map() const override { return true; }
  at::Tensor feature_map(const at::Tensor& crops) const override;
  at::Tensor embed_map(const at::Tensor& map) const override;

  // Sets each batch norm's statistics to those of its input over this one batch. Without it, a
  // random network's embeddings are nearly constant.
  void calibrate(const at::Tensor& crops) override;

  TensorMap tensors() const override;

  void move(const at::Device& device) override;
  std::vector<std::vector<std::string>> trainable_layers() const override;
  at::Tensor embed_training(const at::Tensor& crops, NormStatisticsMap& statistics) const override;

 private:
  at::Tensor finish(const at::Tensor& embedding) const;

  std::shared_ptr<ConvNetwork> network_;
  Length length_;
  bool folded_ = false;
  std::shared_ptr<CpuPlans> plans_;  // Folded on the CPU only.
};

// What one convolution is, as the papers' tables give it.
struct ConvSpec {
  using Pair = std::array<std::int64_t, 2>;  // Rows, columns.

  std::int64_t in, out;
  Pair kernel;
  std::int64_t stride = 1;
  Pair padding{0, 0};
};
constexpr ConvSpec::Pair k1{1, 1};
constexpr ConvSpec::Pair k3{3, 3};
constexpr ConvSpec::Pair kAround{1, 1};  // Padding that keeps a 3x3 convolution's size.

void add_norm(const ConvNetwork::Take& take, const std::string& name, std::int64_t channels,
              ConvUnit& unit);

// NAME.conv without bias, NAME.bn.
ConvUnit make_unit(const ConvNetwork::Take& take, const std::string& name, const ConvSpec& spec,
                   Activation activation = Activation::kRelu);

// The tensors of a random network that build makes: weights from a normal distribution, norms
// neutral, biases 0. deviation: of the weights; none: by their number of inputs (He et al. 2015).
TensorMap random_tensors(const std::function<void(const ConvNetwork::Take& take)>& build,
                         std::uint64_t seed, std::optional<double> deviation = {});

// How a kind makes its networks: of Network(take, prefix), which is a ConvNetwork.
template <typename Network>
void make_networks_of(BackboneKind& kind, ConvBackbone::Length length) {
  kind.make = [length](TensorSource& source, const std::string& prefix,
                       const Metadata& /*settings*/) {
    const auto take = [&](const std::string& name, at::IntArrayRef shape) {
      return source.take(name, shape);
    };
    return std::make_unique<ConvBackbone>(std::make_shared<Network>(take, prefix), length);
  };
  kind.random_weights = [](std::uint64_t seed, const Metadata& /*settings*/) {
    return random_tensors([](const ConvNetwork::Take& take) { Network(take, ""); }, seed);
  };
}

}  // namespace dfd
