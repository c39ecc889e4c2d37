// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch's operators: the reference, what runs on CUDA, and what gradients pass.

#pragma once

#include <functional>
#include <string>

#include <ATen/ATen.h>

#include "backbone/ops.h"

namespace dfd {

class AtenOps : public Ops {
 public:
  // Called with every stage's name and output.
  using Probe = std::function<void(const std::string& stage, const at::Tensor& output)>;

  // calibrating: batch norms take their statistics from what passes them, and keep them.
  explicit AtenOps(Probe probe = {}, bool calibrating = false);

  static Value value_of(at::Tensor tensor);
  static const at::Tensor& tensor_of(const Value& value);

  Value conv(const ConvUnit& unit, const Value& x) override;
  Value add_conv(const ConvUnit& unit, const Value& x, const Value& addend) override;
  Value max_pool(const Value& x) override;
  Value average_pool(const Value& x) override;
  Value join(const std::vector<Value>& parts) override;
  Value embed(const ConvUnit& last, const Value& map) override;
  void tell(const char* stage, const Value& value) override;

 private:
  at::Tensor norm(const ConvUnit& unit, const at::Tensor& x) const;
  at::Tensor finish(const ConvUnit& unit, at::Tensor y, const at::Tensor* addend) const;

  Probe probe_;
  bool calibrating_;
};

}  // namespace dfd
