// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Networks of convolutions: their layers, and the operators that run them. A network writes the
// order of its layers once, over Ops; what runs it is LibTorch (aten_ops.h), also under CUDA
// graphs, or a list of oneDNN primitives (cpu_plan.h). Networks over clips convolve over time too:
// their maps are [N, C, t, h, w], and LibTorch alone runs them.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

namespace dfd {

constexpr double kBatchNormEpsilon = 1e-3;  // facenet-pytorch; PyTorch's own default is 1e-5.

enum class Activation {
  kNone,
  kRelu,
  kClip,  // To [-limit, limit].
};

// One convolution, or the linear layer at the end, with what follows it: batch norm unless folded,
// scale, what is added, activation.
struct ConvUnit {
  std::string name;  // Of weight and bias: NAME.weight. Empty: fixed, in no file, never trained.
  std::string norm_name;  // Of its batch norm.
  at::Tensor weight;      // [out, in, rows, columns], over clips [out, in, samples, rows,
                          // columns]; linear [out, in].
  at::Tensor bias;        // [out]; undefined: none. Never beside a batch norm that is not folded.
  at::Tensor gamma, beta, mean, variance;   // Of the batch norm; undefined: none, or folded.
  double epsilon = kBatchNormEpsilon;       // Of the batch norm.
  std::vector<std::int64_t> stride{1, 1};   // Of each of the kernel's dimensions.
  std::vector<std::int64_t> padding{0, 0};  // Of zeros.
  double scale = 1;                         // Folded: 1.
  Activation activation = Activation::kRelu;
  double limit = 0;  // Of kClip.
};

// Puts the batch norm's factors and the scale into weight and bias.
void fold_unit(ConvUnit& unit);

class Ops {
 public:
  // What an operator gave: made and understood by the same Ops. When its last copy is gone, its
  // memory may serve others.
  class Data {
   public:
    virtual ~Data() = default;
  };
  using Value = std::shared_ptr<const Data>;

  virtual ~Ops() = default;

  virtual Value conv(const ConvUnit& unit, const Value& x) = 0;
  // With an addend before the activation: a residual sum. It takes the addend's memory, which
  // nobody may read afterwards.
  virtual Value add_conv(const ConvUnit& unit, const Value& x, const Value& addend) = 0;
  virtual Value max_pool(const Value& x) = 0;               // 3x3, stride 2
  virtual Value average_pool(const Value& x) = 0;           // 2x2, stride 2
  virtual Value average_around(const Value& x) = 0;         // 3x3, as far as they lie inside.
  virtual Value join(const std::vector<Value>& parts) = 0;  // Along the channels.
  // Mean over all places, then the linear layer: float [N, D].
  virtual Value embed(const ConvUnit& last, const Value& map) = 0;
  virtual Value mean(const Value& map) = 0;  // Over all places: float [N, C], an embedding as it
                                             // is.
  virtual void tell(const char* /*stage*/, const Value& /*value*/) {}  // For tests.
};

// The layers of a network and their order. Thread-compatible.
class ConvNetwork {
 public:
  // Gives the tensor of that name and shape.
  using Take = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

  virtual ~ConvNetwork() = default;

  virtual int clip_length() const { return 0; }  // As Backbone's.

  // All layers, in the order that data pass them; the last one's outputs are the embedding's
  // numbers, or their means are.
  virtual std::vector<ConvUnit*> units() = 0;

  // [N, 3, S, S], of clips [N, 3, T, S, S] -> the feature map [N, C, h, w] or [N, C, t, h, w] that
  // explanations look at -> float [N, D].
  virtual Ops::Value run_lower(Ops& ops, Ops::Value crops) const = 0;
  virtual Ops::Value run_upper(Ops& ops, Ops::Value map) const = 0;

  Ops::Value run(Ops& ops, Ops::Value crops) const {
    return run_upper(ops, run_lower(ops, std::move(crops)));
  }
};

}  // namespace dfd
