// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch's operators: the reference, what runs on CUDA, and what gradients pass.

#pragma once

#include <functional>
#include <string>

#include <ATen/ATen.h>

#include "backbone/backbone.h"
#include "backbone/ops.h"

namespace dfd {

class AtenOps : public Ops {
 public:
  // Called with every stage's name and output.
  using Probe = std::function<void(const std::string& stage, const at::Tensor& output)>;

  // Where batch norms have their statistics from.
  enum class Norms {
    kKept,
    kCalibrate,  // From what passes them, and they keep it.
    kTrain,      // Those whose factors require gradients: from what passes them.
  };

  // statistics: borrowed; gets what kTrain took.
  explicit AtenOps(Probe probe = {}, Norms norms = Norms::kKept,
                   NormStatisticsMap* statistics = nullptr);

  static Value value_of(at::Tensor tensor);
  static const at::Tensor& tensor_of(const Value& value);

  Value conv(const ConvUnit& unit, const Value& x) override;
  Value add_conv(const ConvUnit& unit, const Value& x, const Value& addend) override;
  Value max_pool(const Value& x) override;
  Value average_pool(const Value& x) override;
  Value average_around(const Value& x) override;
  Value join(const std::vector<Value>& parts) override;
  Value embed(const ConvUnit& last, const Value& map) override;
  Value mean(const Value& map) override;
  void tell(const char* stage, const Value& value) override;

 private:
  at::Tensor product(const ConvUnit& unit, const at::Tensor& x) const;
  at::Tensor norm(const ConvUnit& unit, const at::Tensor& x) const;
  at::Tensor finish(const ConvUnit& unit, at::Tensor y, const at::Tensor* addend) const;

  Probe probe_;
  Norms norms_;
  NormStatisticsMap* statistics_;
};

}  // namespace dfd
