// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/vivit.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <c10/core/GradMode.h>

#include "backbone/conv_backbone.h"
#include "backbone/vivit_network.h"
#include "base/check.h"

namespace dfd {
namespace {

class VivitBackbone : public Backbone {
 public:
  VivitBackbone(Vivit network, int frames) : network_(std::move(network)), frames_(frames) {}

  int clip_length() const override { return frames_; }

  at::Tensor embed(const at::Tensor& clips) const override {
    require_length(clips);
    return network_.embed(clips, network_.type()).to(at::kFloat);
  }

  std::int64_t embedding_size() const override {
    return network_.config().labels.value_or(network_.config().hidden_size);
  }

  void fold(const at::Device& device, at::ScalarType type) override {
    network_.to(device, type, at::kFloat);
    folded_ = true;
  }

  bool has_attention() const override { return true; }
  at::Tensor attention_map(const at::Tensor& clips) const override {
    require_length(clips);
    const c10::NoGradGuard no_grad;
    const at::Tensor all = network_.rollout(clips);
    return all.select(1, all.size(1) - 1).to(at::kFloat);
  }

  TensorMap tensors() const override {
    DFD_CHECK(!folded_);
    TensorMap found;
    for (const auto& layer : network_.layers()) found.insert(layer.begin(), layer.end());
    return found;
  }

  void move(const at::Device& device) override {
    DFD_CHECK(!folded_);
    network_.to(device, at::kFloat, at::kFloat);
  }

  std::vector<std::vector<std::string>> trainable_layers() const override {
    std::vector<std::vector<std::string>> names;
    for (const auto& layer : network_.layers()) {
      names.emplace_back();
      for (const auto& [name, tensor] : layer) names.back().push_back(name);
    }
    return names;
  }

  at::Tensor embed_training(const at::Tensor& clips,
                            NormStatisticsMap& /*statistics*/) const override {
    DFD_CHECK(!folded_);
    require_length(clips);
    return network_.embed(clips, clips.scalar_type());
  }

 private:
  void require_length(const at::Tensor& clips) const {
    DFD_CHECK(clips.dim() == 5 && clips.size(1) == frames_);
  }

  Vivit network_;
  int frames_;
  bool folded_ = false;
};

}  // namespace

BackboneKind vivit_kind() {
  VivitConfig small;
  small.image_size = 112;
  small.frames = 8;
  small.hidden_size = 192;
  small.layers = 6;
  small.heads = 3;
  small.intermediate_size = 768;
  BackboneKind kind;
  kind.input.size = small.image_size;
  kind.input.mean = {127.5, 127.5, 127.5};
  kind.input.std = {127.5, 127.5, 127.5};
  kind.least_size = 32;  // The largest tubelet's side.
  kind.most_size = 512;
  kind.settings = to_settings(small, small.frames);
  kind.make = [](TensorSource& source, const std::string& prefix, const Metadata& settings) {
    const MetadataReader reader(source.path(), settings, "backbone.");
    const auto take = [&](const std::string& name, at::IntArrayRef shape) {
      return source.take(name, shape);
    };
    return std::make_unique<VivitBackbone>(Vivit(take, prefix, parse_vivit(reader)),
                                           frames_of(reader));
  };
  kind.random_weights = [](std::uint64_t seed, const Metadata& settings) {
    const VivitConfig config = parse_vivit(MetadataReader("random weights", settings, "backbone."));
    // The original's.
    constexpr double kDeviation = 0.02;
    return random_tensors([&](const Vivit::Take& take) { Vivit(take, "", config); }, seed,
                          kDeviation);
  };
  return kind;
}

}  // namespace dfd
